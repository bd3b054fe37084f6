// Finds a program that a test needs: on the PATH, or installed on a Debian where we are root.

import { execFileSync } from 'node:child_process'
import { accessSync, constants, existsSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'

function findProgram(...names: string[]): string | null {
  const folders = [...(process.env.PATH ?? '').split(path.delimiter), '/usr/bin', '/usr/local/bin', '/usr/sbin']
  const candidates = folders.flatMap((folder) => names.map((name) => path.join(folder, name)))
  return candidates.find(isExecutable) ?? null
}

/** Throws a sentence that says what to install, or do `otherwise`, if there is no way to get it. */
export function requireProgram(names: string | string[], debianPackage: string, otherwise?: string): string {
  const list = [names].flat()
  const found = findProgram(...list)
  if (found) return found
  const ways = [`install it (Debian: apt-get install ${debianPackage})`, otherwise].filter(Boolean)
  const sentence = `The tests need ${list.join(' or ')}: ${ways.join(', ')}.`
  if (process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) install(debianPackage, sentence)
  const installed = findProgram(...list)
  if (installed) return installed
  throw new Error(sentence)
}

// The binary is wanted, not a service: Debian asks policy-rc.d before it starts one.
function install(debianPackage: string, sentence: string): void {
  const policy = '/usr/sbin/policy-rc.d'
  const ours = !existsSync(policy)
  if (ours) writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 })
  const aptGet = (...parameters: string[]) =>
    execFileSync('apt-get', ['-q', '-y', '-o', 'DPkg::Lock::Timeout=120', ...parameters], {
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      stdio: ['ignore', 'ignore', 'inherit'],
    })
  try {
    aptGet('update')
    aptGet('install', '--no-install-recommends', debianPackage)
  } catch (cause) {
    throw new Error(sentence, { cause })
  } finally {
    if (ours) rmSync(policy, { force: true })
  }
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

// Finds a real Redis server to start: on the PATH, or installed on a Debian where we are root.

import { execFileSync } from 'node:child_process'
import { accessSync, constants, existsSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'

const HOW_TO_INSTALL =
  'The tests need a real Redis: install redis-server or valkey-server (Debian: apt-get install redis-server), or set REDIS_URL.'

function findRedisServer(): string | null {
  const folders = [...(process.env.PATH ?? '').split(path.delimiter), '/usr/bin', '/usr/local/bin']
  const candidates = folders.flatMap((folder) =>
    ['redis-server', 'valkey-server'].map((name) => path.join(folder, name)),
  )
  return candidates.find(isExecutable) ?? null
}

/** The path of the server's binary. Throws a sentence that says what to install if there is no way to get one. */
export function requireRedisServer(): string {
  const found = findRedisServer()
  if (found) return found
  if (process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) installRedisServer()
  const installed = findRedisServer()
  if (installed) return installed
  throw new Error(HOW_TO_INSTALL)
}

// The binary is wanted, not a service: Debian asks policy-rc.d before it starts one.
function installRedisServer(): void {
  const policy = '/usr/sbin/policy-rc.d'
  const ours = !existsSync(policy)
  if (ours) writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 })
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const aptGet = (...parameters: string[]) =>
    execFileSync('apt-get', ['-q', '-y', '-o', 'DPkg::Lock::Timeout=120', ...parameters], {
      env: environment,
      stdio: ['ignore', 'ignore', 'inherit'],
    })
  try {
    aptGet('update')
    aptGet('install', '--no-install-recommends', 'redis-server')
  } catch (cause) {
    throw new Error(HOW_TO_INSTALL, { cause })
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

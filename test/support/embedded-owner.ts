// A process that owns an embedded PostgreSQL until it is killed: prints the server's address and pid, and waits.

import { startEmbeddedPostgres } from '../../src/embedded/postgres.ts'
import { createLogger } from '../../src/runtime/logger.ts'

const [dataDirectory = ''] = process.argv.slice(2)
process.once('SIGHUP', () => process.exit(3))
const { url, pid } = await startEmbeddedPostgres({ dataDirectory, logger: createLogger('warn') })
process.stdout.write(`${JSON.stringify({ url, pid })}\n`)

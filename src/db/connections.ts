// The connections that transactions run on: each a postgres.js client of its own, thrown away with its connection.
import postgres from 'postgres'
import type { SqlClient } from './client.ts'

/** One connection for one user at a time. Statements are sent as they come; once it is lost every one is refused. */
export interface Connection {
  sql: SqlClient
  isLost(): boolean
  /** The same, or an error once the connection is lost: statements that waited for their turn never settle then. */
  orLost<T>(work: PromiseLike<T>): Promise<T>
  /** What failed first since it was acquired: everything after that only says that the transaction is aborted. */
  firstError(): unknown
  /** Not to be used again, whatever its state. */
  abandon(): void
}

export interface ConnectionPool extends AsyncDisposable {
  /** First come, first served. Rejects when a new connection is needed and the database is away. */
  acquire(): Promise<Connection>
  release(connection: Connection): void
}

interface OpenConnection extends Connection {
  forgetErrors(): void
  end(): Promise<void>
}

const CLOSE_WITHIN_MS = 5000

/**
 * Refused: `sql.reserve()` of one shared client. In postgres.js 3.4.9 a reservation that waits while any connection of the
 * client closes is lost for ever, and one that failed to connect swallows the next connection that opens. Here a client
 * has one connection and one reservation in its life.
 */
export function createConnectionPool({
  openClient,
  size,
}: {
  openClient: () => SqlClient
  size: number
}): ConnectionPool {
  const all = new Set<OpenConnection>()
  const idle: OpenConnection[] = []
  const waiting: ((connection: OpenConnection | null) => void)[] = []
  let places = size
  let closing: PromiseWithResolvers<void> | undefined

  async function acquire(): Promise<Connection> {
    for (;;) {
      if (closing) throw connectionError('CONNECTION_ENDED', 'The pool of connections is closed.')
      const connection = idle.pop() ?? (places > 0 ? await open() : await handedOver())
      if (connection && !connection.isLost()) {
        connection.forgetErrors()
        return connection
      }
      if (connection) discard(connection)
    }
  }

  function handedOver(): Promise<OpenConnection | null> {
    return new Promise((resolve) => waiting.push(resolve))
  }

  async function open(): Promise<OpenConnection> {
    places--
    try {
      const connection = await openConnection(openClient())
      all.add(connection)
      return connection
    } catch (error) {
      freePlace()
      throw error
    }
  }

  function release(released: Connection): void {
    const connection = released as OpenConnection
    if (closing || connection.isLost()) discard(connection)
    else {
      const next = waiting.shift()
      if (next) next(connection)
      else idle.push(connection)
    }
  }

  function discard(connection: OpenConnection): void {
    void connection.end()
    all.delete(connection)
    if (all.size === 0) closing?.resolve()
    freePlace()
  }

  /** Whoever waits longest may open a connection in the place. */
  function freePlace(): void {
    places++
    waiting.shift()?.(null)
  }

  async function close(): Promise<void> {
    closing = Promise.withResolvers()
    for (const next of waiting.splice(0)) next(null)
    for (const connection of idle.splice(0)) discard(connection)
    if (all.size > 0) {
      const timer = setTimeout(closing.resolve, CLOSE_WITHIN_MS)
      await closing.promise
      clearTimeout(timer)
    }
    await Promise.all([...all].map((connection) => connection.end()))
  }

  return { acquire, release, [Symbol.asyncDispose]: close }
}

/**
 * postgres.js does not tell a reserved connection that it was closed, and takes statements on it afterwards (it would write to
 * a socket that is gone and end the process). So we watch the connection object that the internal `onexecute` option
 * hands out. Between a socket's error and its close, statements never settle: after the first such error we send no more.
 */
async function openConnection(client: SqlClient): Promise<OpenConnection> {
  let isOver = false
  let firstError: unknown
  const unsettled = new Set<(error: unknown) => void>()
  const end = () => client.end({ timeout: 0 }).catch(() => {})
  const abandon = (error: unknown = connectionLost()) => {
    isOver = true
    for (const reject of unsettled) reject(error)
    unsettled.clear()
  }
  // Not a race against one promise of the connection: it would keep a reaction of every transaction for as long as it lives.
  const orLost = async <T>(work: PromiseLike<T>): Promise<T> => {
    const { promise, reject } = Promise.withResolvers<never>()
    if (isOver) reject(connectionLost())
    unsettled.add(reject)
    try {
      return await Promise.race([work, promise])
    } finally {
      unsettled.delete(reject)
    }
  }
  const watch = {
    onexecute(connection: { onclose: () => void }) {
      connection.onclose = () => abandon()
      return true
    },
  }
  try {
    const reserved = await client.reserve()
    await orLost(reserved.unsafe('select 1', [], watch as never))
    const sql = guarded(
      reserved,
      () => isOver,
      (error) => {
        firstError ??= error
        // Not what the server answered: the connection is lost, or it could not send a statement (a parameter that cannot be
        // written). Of such a statement postgres.js 3.4.9 blames the one before and then waits for its answer for ever.
        if (!(error instanceof postgres.PostgresError)) abandon(isConnectionError(error) ? undefined : error)
      },
    )
    return {
      sql,
      isLost: () => isOver,
      orLost,
      firstError: () => firstError,
      forgetErrors() {
        firstError = undefined
      },
      abandon: () => abandon(),
      end,
    }
  } catch (error) {
    void end()
    throw error
  }
}

function guarded(sql: SqlClient, isOver: () => boolean, onError: (error: unknown) => void): SqlClient {
  const refused = () => Promise.reject(connectionLost())
  return new Proxy(sql, {
    apply(target, thisArgument, args) {
      return isOver() ? refused() : observed(Reflect.apply(target as never, thisArgument, args), onError)
    },
    get(target, property, receiver) {
      if (property === 'options') return { parsers: {}, serializers: {} } // drizzle rewrites these; ours must stay
      if (property === 'unsafe') {
        return (...args: Parameters<SqlClient['unsafe']>) =>
          isOver() ? refused() : observed(target.unsafe(...args), onError)
      }
      return Reflect.get(target, property, receiver)
    },
  })
}

// Not by `catch`: that would run what is only a fragment of another statement.
function observed<T>(query: T, onError: (error: unknown) => void): T {
  if (!(query instanceof Promise) || !('reject' in query)) return query
  const reject = query.reject as (error: unknown) => void
  query.reject = (error: unknown) => {
    onError(error)
    reject(error)
  }
  return query
}

// What the socket said, or postgres.js about the connection.
function isConnectionError(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  return 'syscall' in error || ('code' in error && String(error.code).startsWith('CONNECTION_'))
}

function connectionLost(): Error {
  return connectionError('CONNECTION_CLOSED', 'The connection to the database was lost.')
}

function connectionError(code: string, message: string): Error {
  return Object.assign(new Error(message), { code })
}

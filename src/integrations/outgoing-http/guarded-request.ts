// One request to an address that a customer of ours has named: bounded in time and bytes, and never into a private network.
import { type LookupAddress, lookup as resolveName } from 'node:dns'
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { LookupFunction, Socket } from 'node:net'
import { isPublicAddress, isPublicHost } from '../../domain/outside/webhooks/webhook-targets.ts'

export interface GuardedRequest {
  method: string
  url: string
  headers: Record<string, string>
  body?: string
  timeoutMs: number
  /** Of an answer's body; what is longer is cut off. */
  answerLimitBytes: number
  /** Http, and any address: for tests and development. */
  allowsPrivate: boolean
  signal?: AbortSignal
  /** Finds the addresses of a name; the system's resolver unless a test says otherwise. */
  resolve?: typeof resolveName
}

export interface GuardedAnswer {
  status: number
  headers: Headers
  body: string
  /** The body was cut off: it was too long, or the connection ended. */
  isCut: boolean
}

/** An answer, whatever it says; or why there is none. */
export type GuardedResult = GuardedAnswer | { error: string; timedOut: boolean }

/** Never throws. Redirects are answers like any other: nobody is led elsewhere. */
export async function requestGuarded(input: GuardedRequest): Promise<GuardedResult> {
  const url = URL.parse(input.url)
  if (!url) return refused('The URL cannot be read.')
  if (!input.allowsPrivate) {
    if (url.protocol !== 'https:') return refused('Only https is sent to.')
    // An address instead of a name is never looked up.
    if (!isPublicHost(url)) return refused(NOT_PUBLIC)
  }
  const deadline = AbortSignal.timeout(input.timeoutMs)
  const signal = input.signal ? AbortSignal.any([deadline, input.signal]) : deadline
  try {
    return await send(url, input, signal)
  } catch (error) {
    if (deadline.aborted) return { error: `No answer within ${input.timeoutMs / 1000} seconds.`, timedOut: true }
    return refused(describe(error))
  }
}

function refused(error: string): GuardedResult {
  return { error, timedOut: false }
}

const NOT_PUBLIC = 'The address is not public.'

async function send(
  url: URL,
  { method, headers, body, answerLimitBytes, allowsPrivate, resolve: find = resolveName }: GuardedRequest,
  signal: AbortSignal,
): Promise<GuardedAnswer> {
  const { promise: answered, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const sending = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, {
    method,
    // A connection of its own: one that is kept could have been made before the name pointed elsewhere.
    agent: false,
    headers: { ...headers, ...(body !== undefined && { 'content-length': String(Buffer.byteLength(body)) }) },
    signal,
    ...(allowsPrivate ? {} : { lookup: publicLookup(find) }),
  })
  sending.on('response', resolve).on('error', reject)
  if (!allowsPrivate) refuseOnConnection(sending)
  sending.end(body)
  const answer = await answered
  const status = answer.statusCode ?? 0
  return { status, headers: headersOf(answer), ...(await readAtMost(answer, answerLimitBytes)) }
}

/**
 * What is connected to is what was checked: the name is resolved once, here. One private address among several is enough to
 * refuse them all.
 */
function publicLookup(find: typeof resolveName): LookupFunction {
  return (hostname, options, callback) =>
    find(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
      const [first] = addresses ?? []
      if (error || !first) callback(error ?? new Error('The name has no address.'), '')
      else if (!addresses.every(({ address }) => isPublicAddress(address))) callback(new Error(NOT_PUBLIC), '')
      else if (options.all) callback(null, addresses)
      else callback(null, first.address, first.family)
    })
}

// A second look at where it really went, before anything is sent.
function refuseOnConnection(sending: ClientRequest): void {
  sending.on('socket', (socket: Socket) =>
    socket.on('connect', () => {
      if (!isPublicAddress(socket.remoteAddress ?? '')) sending.destroy(new Error(NOT_PUBLIC))
    }),
  )
}

/** The status stands, whatever becomes of the body. */
async function readAtMost(answer: IncomingMessage, limitBytes: number): Promise<Pick<GuardedAnswer, 'body' | 'isCut'>> {
  const chunks: Buffer[] = []
  let length = 0
  let isCut = true
  try {
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      length += chunk.length
      if (length > limitBytes) break
      chunks.push(chunk)
    }
    isCut = length > limitBytes
  } catch {
    // Cut off, or too slow.
  }
  answer.destroy()
  return { body: Buffer.concat(chunks).toString('utf8'), isCut }
}

function headersOf({ headersDistinct }: IncomingMessage): Headers {
  const headers = new Headers()
  for (const [name, values] of Object.entries(headersDistinct))
    for (const value of values ?? []) headers.append(name, value)
  return headers
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const [first] = error instanceof AggregateError ? error.errors : [error]
  const { code, message } = (first ?? error) as NodeJS.ErrnoException
  const text = message || 'The connection failed.'
  return code && !text.includes(code) ? `${text} (${code})` : text
}

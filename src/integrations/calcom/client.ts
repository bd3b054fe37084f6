// Cal.com's API: one function for each call, with the version of its resource, a time limit and a classified answer.
import { requestGuarded } from '../outgoing-http/guarded-request.ts'
import { isObject, type JsonObject } from '../webhooks/payloads.ts'
import { type Answer, pauseOf, readRefusal } from './answers.ts'
import { type RemoteBooking, readRemoteBooking, UnreadableBooking } from './remote-bookings.ts'
import type { CalcomIntegration } from './settings.ts'

export interface CalcomClient {
  createBooking(input: NewRemoteBooking): Promise<Answer<RemoteBooking>>
  rescheduleBooking(uid: string, input: { startsAt: number; reason: string | null }): Promise<Answer<RemoteBooking>>
  cancelBooking(uid: string, input: { reason: string | null }): Promise<Answer<unknown>>
  readBooking(uid: string): Promise<Answer<RemoteBooking>>
  /** One page of what starts and ends in the range; unreadable bookings are handed over as they are. */
  listBookings(range: { from: number; to: number; skip: number }): Promise<Answer<BookingPage>>
  /** For the calls of the team: what is under `data`. */
  read(path: string, version: string): Promise<Answer<unknown>>
}

export interface NewRemoteBooking {
  startsAt: number
  eventTypeId: number
  attendee: { name: string; timeZone: string; language: string; email: string | null; phone: string | null }
  metadata: Record<string, string>
}

export interface BookingPage {
  bookings: unknown[]
  hasMore: boolean
}

export interface ClientOptions {
  timeoutMs: number
  /** Http, and any address: for tests and development. */
  allowsPrivate: boolean
  signal?: AbortSignal
  /** Told of a pause that an answer asks for, whether it was refused or the last one allowed. */
  onPause?: (pauseMs: number) => void
  now?: () => number
}

const PAGE_SIZE = 100
/** A page of bookings with all their attendees stays far below. */
const ANSWER_LIMIT_BYTES = 4 * 1024 * 1024

type Integration = Pick<CalcomIntegration, 'apiKey' | 'settings'>

export function createCalcomClient({ apiKey, settings }: Integration, options: ClientOptions): CalcomClient {
  const { timeoutMs, allowsPrivate, signal, onPause = () => {}, now = Date.now } = options
  const { baseUrl, versions } = settings

  async function request(method: string, path: string, version: string, body?: object): Promise<Answer<unknown>> {
    const answer = await requestGuarded({
      method,
      url: `${baseUrl}/v2${path}`,
      headers: {
        authorization: `Bearer ${apiKey}`,
        'cal-api-version': version,
        accept: 'application/json',
        ...(body && { 'content-type': 'application/json' }),
      },
      ...(body && { body: JSON.stringify(body) }),
      ...{ timeoutMs, answerLimitBytes: ANSWER_LIMIT_BYTES, allowsPrivate },
      ...(signal && { signal }),
    })
    if ('error' in answer) return { kind: 'UNKNOWN', message: answer.error }
    const parsed = parse(answer.body)
    // The key goes nowhere else: a redirect is no answer.
    if (answer.status >= 400) {
      const refusal = readRefusal(answer.status, answer.headers, parsed, now())
      if (refusal.kind === 'LIMITED') onPause(refusal.retryAfterMs)
      return refusal
    }
    const pause = pauseOf(answer.headers, now())
    if (pause !== null) onPause(pause)
    // What stands there is not handed on: it may be anybody's.
    if (answer.isCut || !isObject(parsed) || parsed.status !== 'success') {
      return { kind: 'UNKNOWN', message: 'An answer that is none of Cal.com.' }
    }
    return { kind: 'DONE', data: parsed.data, body: parsed }
  }

  async function booking(asked: Promise<Answer<unknown>>): Promise<Answer<RemoteBooking>> {
    const answer = await asked
    if (answer.kind !== 'DONE') return answer
    try {
      // A recurring one is a list; ours are not, and the first stands for it.
      return { ...answer, data: readRemoteBooking(Array.isArray(answer.data) ? answer.data[0] : answer.data) }
    } catch (error) {
      if (error instanceof UnreadableBooking) return { kind: 'UNKNOWN', message: error.message }
      throw error
    }
  }

  const at = (uid: string) => `/bookings/${encodeURIComponent(uid)}`
  return {
    createBooking: ({ startsAt, eventTypeId, attendee, metadata }) =>
      booking(
        request('POST', '/bookings', versions.bookings, {
          start: new Date(startsAt).toISOString(),
          eventTypeId,
          attendee: {
            name: attendee.name,
            timeZone: attendee.timeZone,
            language: attendee.language,
            ...(attendee.email !== null && { email: attendee.email }),
            ...(attendee.phone !== null && { phoneNumber: attendee.phone }),
          },
          metadata,
        }),
      ),
    rescheduleBooking: (uid, { startsAt, reason }) =>
      booking(
        request('POST', `${at(uid)}/reschedule`, versions.bookings, {
          start: new Date(startsAt).toISOString(),
          ...(reason !== null && { reschedulingReason: reason }),
        }),
      ),
    cancelBooking: (uid, { reason }) =>
      request('POST', `${at(uid)}/cancel`, versions.bookings, { cancellationReason: reason ?? 'Cancelled.' }),
    readBooking: (uid) => booking(request('GET', at(uid), versions.bookings)),
    async listBookings({ from, to, skip }) {
      const query = new URLSearchParams({
        afterStart: new Date(from).toISOString(),
        beforeEnd: new Date(to).toISOString(),
        status: 'upcoming,past,cancelled,unconfirmed',
        sortStart: 'asc',
        take: String(PAGE_SIZE),
        skip: String(skip),
      })
      const answer = await request('GET', `/bookings?${query}`, versions.bookings)
      if (answer.kind !== 'DONE') return answer
      const bookings = (Array.isArray(answer.data) ? answer.data : []).flat()
      return { ...answer, data: { bookings, hasMore: hasMore(answer.body, bookings.length) } }
    },
    read: (path, version) => request('GET', path, version),
  }
}

function hasMore({ pagination }: JsonObject, returned: number): boolean {
  if (isObject(pagination) && typeof pagination.hasNextPage === 'boolean') return pagination.hasNextPage
  return returned >= PAGE_SIZE
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null // a proxy's page
  }
}

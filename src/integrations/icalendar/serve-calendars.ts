// Serves the calendar feeds: GET /calendars/TOKEN.ics, with an answer of no body for whoever has it already.
import { hash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Database } from '../../db/client.ts'
import { inSnapshot } from '../../db/transaction.ts'
import { readClock } from '../../domain/availability/resource-states.ts'
import { readCalendar } from '../../domain/outside/calendars/calendar-entries.ts'
import { findCalendarFeed } from '../../domain/outside/calendars/calendar-feeds.ts'
import type { Instant } from '../../domain/vocabulary/types.ts'
import { type Admission, createAdmission } from '../../runtime/limits/admission.ts'
import { writeCalendar } from './write-calendar.ts'

const PATH = /^\/calendars\/([A-Za-z0-9_-]{50})\.ics$/

interface Options {
  db: Database
  admission?: Admission
  /** The database's clock unless a test says otherwise. */
  now?: () => Instant
}

/** For the server's table of routes, under `/calendars/*`. Who knows the address is let in: there is no other key. */
export function createCalendarDoor({ db, admission = createAdmission(), now }: Options) {
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const visit = admission.beginDelivery(request)
    response.once('close', visit.end)
    // What is in a body does not matter, but it must not be taken for the next request.
    request.resume()
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { allow: 'GET, HEAD', 'content-length': 0 }).end()
      return
    }
    const token = PATH.exec((request.url ?? '').split('?', 1)[0] ?? '')?.[1]
    const text = token === undefined ? null : await readFeed(token)
    if (text === null) {
      admission.countWithoutKey(visit.origin)
      response.writeHead(404, { ...PRIVATE, 'content-type': 'text/plain; charset=utf-8' })
      response.end(request.method === 'HEAD' ? undefined : 'There is no calendar at this address.\n')
      return
    }
    const etag = `"${hash('sha256', text, 'base64url')}"`
    if (matches(request.headers['if-none-match'], etag)) {
      response.writeHead(304, { ...PRIVATE, etag }).end()
      return
    }
    response.writeHead(200, {
      ...PRIVATE,
      etag,
      'content-type': 'text/calendar; charset=utf-8',
      'content-disposition': 'inline; filename="calendar.ics"',
      'content-length': Buffer.byteLength(text),
    })
    response.end(request.method === 'HEAD' ? undefined : text)
  }

  async function readFeed(token: string): Promise<string | null> {
    const feed = await findCalendarFeed(db, token)
    if (!feed) return null
    admission.countDelivery(feed.id)
    const calendar = await inSnapshot(db, feed.organizationId, async (tx) =>
      readCalendar(tx, { feed, now: now?.() ?? (await readClock(tx)) }),
    )
    return writeCalendar(calendar)
  }
}

/** Kept by the subscriber and nobody in between, asked for again each time; and the address leaks to no other site. */
const PRIVATE = { 'cache-control': 'private, no-cache', 'referrer-policy': 'no-referrer', 'x-robots-tag': 'noindex' }

/** If-None-Match compares weakly (RFC 9110, 13.1.2). */
function matches(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false
  return header.trim() === '*' || header.split(',').some((each) => each.trim().replace(/^W\//, '') === etag)
}

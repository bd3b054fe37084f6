// A fake of Cal.com over real HTTP: its API v2 with its refusals, its lies and its lost answers, and its webhooks. It counts.
import { createHmac, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface FakeBooking {
  id: number
  uid: string
  status: 'accepted' | 'pending' | 'cancelled' | 'rejected'
  start: number
  end: number
  eventTypeId: number
  hosts: { id: number; name: string; email: string; username: string }[]
  attendee: { name: string; email?: string; phoneNumber?: string; timeZone?: string }
  metadata: Record<string, unknown>
  createdAt: number
  rescheduledFromUid?: string
  rescheduledToUid?: string
  cancellationReason?: string
}

export interface FakeEventType {
  id: number
  title: string
  lengthInMinutes: number
  hosts: FakeBooking['hosts']
  requiresConfirmation?: boolean
  managedParent?: boolean
}

type Operation = 'create' | 'reschedule' | 'cancel' | 'read' | 'list' | 'team'

/** What happens to the next request of a kind instead of what is documented. */
export type Quirk =
  /** Not done; no answer. */
  | { kind: 'lose-request' }
  /** Done; the connection is cut. */
  | { kind: 'lose-answer' }
  /** Done or not, the answer never comes: the other side has to give up. */
  | { kind: 'hang'; done: boolean; reached?: () => void }
  | { kind: 'answer'; status: number; message?: string; headers?: Record<string, string>; body?: unknown }
  /** Success, with somebody else's booking; nothing is made. */
  | { kind: 'foreign' }
  /** Success, with what was asked for as of long ago; nothing is made. */
  | { kind: 'stale' }
  /** Makes it at another time, and says so. */
  | { kind: 'other-time'; shiftMs: number }
  /** Waits between doing it and answering, or before doing it. */
  | { kind: 'barrier'; at: 'before' | 'after'; reached: () => void; proceed: Promise<unknown> }

export interface FakeCalcom extends AsyncDisposable {
  url: string
  apiKey: string
  webhookSecret: string
  bookings: Map<string, FakeBooking>
  eventTypes: Map<number, FakeEventType>
  members: FakeBooking['hosts']
  /** Of requests that were done. */
  counts: Record<Operation, number>
  requests: { operation: Operation; version: string | undefined; body: Record<string, unknown> | null }[]
  quirk(operation: Operation, ...quirks: Quirk[]): void
  active(): FakeBooking[]
  /** As somebody books, moves or calls off over there. */
  book(input: Partial<FakeBooking> & { start: number; eventTypeId: number }): FakeBooking
  move(uid: string, start: number): FakeBooking
  cancel(uid: string, reason?: string): FakeBooking
  /** Where webhooks go, by themselves after each change: once for each level of subscription. */
  subscribe(url: string, options?: { levels?: number }): void
  /** All that was sent by itself has been answered. */
  delivered(): Promise<void>
  payload(trigger: string, booking: FakeBooking, changes?: Record<string, unknown>): Record<string, unknown>
  send(url: string, body: unknown, options?: SendOptions): Promise<{ status: number; body: Record<string, unknown> }>
  /** How many requests may come in a minute; then 429. */
  limit: { remaining: number; retryAfter: string | null } | null
}

interface SendOptions {
  signature?: string | null
  raw?: string
  contentType?: string
}

const MINUTE_MS = 60_000
const VERSIONS: Record<string, string[]> = { bookings: ['2024-08-13', '2026-02-25'], other: ['2024-06-14'] }

function signAsCalcom(raw: string, secret: string): string {
  return createHmac('sha256', secret).update(raw).digest('hex')
}

export async function openFakeCalcom({ port = 0 }: { port?: number } = {}): Promise<FakeCalcom> {
  const apiKey = `cal_live_${randomUUID().replaceAll('-', '')}`
  const webhookSecret = `secret-${randomUUID()}`
  const bookings = new Map<string, FakeBooking>()
  const eventTypes = new Map<number, FakeEventType>()
  const members: FakeCalcom['members'] = []
  const counts: FakeCalcom['counts'] = { create: 0, reschedule: 0, cancel: 0, read: 0, list: 0, team: 0 }
  const requests: FakeCalcom['requests'] = []
  const quirks: Record<Operation, Quirk[]> = { create: [], reschedule: [], cancel: [], read: [], list: [], team: [] }
  let subscription: { url: string; levels: number } | null = null
  let sending: Promise<unknown>[] = []
  let nextId = 1

  class Refused extends Error {
    status: number
    code: string
    constructor(status: number, code: string, message: string) {
      super(message)
      this.status = status
      this.code = code
    }
  }

  function requireFree(eventType: FakeEventType, start: number, end: number, except?: string) {
    if (start < Date.now()) throw new Refused(400, 'BadRequestException', 'Attempting to book a meeting in the past.')
    for (const other of bookings.values()) {
      if (other.uid === except || (other.status !== 'accepted' && other.status !== 'pending')) continue
      const shares = other.hosts.some((host) => eventType.hosts.some(({ id }) => id === host.id))
      if (!shares || !(other.start < end && start < other.end)) continue
      const message = 'User either already has booking at this time or is not available'
      throw new Refused(400, 'BadRequestException', message)
    }
  }

  function insert(input: Partial<FakeBooking> & { start: number; eventTypeId: number }): FakeBooking {
    const eventType = eventTypes.get(input.eventTypeId)
    if (!eventType) throw new Refused(404, 'NotFoundException', `Event type with id ${input.eventTypeId} not found.`)
    if (eventType.managedParent) {
      throw new Refused(
        400,
        'BadRequestException',
        `Event type with id ${eventType.id} is a managed parent and can't be booked.`,
      )
    }
    const booking: FakeBooking = {
      id: nextId++,
      uid: randomUUID().replaceAll('-', '').slice(0, 22),
      status: eventType.requiresConfirmation ? 'pending' : 'accepted',
      end: input.start + eventType.lengthInMinutes * MINUTE_MS,
      hosts: eventType.hosts.slice(0, 1),
      attendee: { name: 'Somebody', email: 'somebody@example.com', timeZone: 'Europe/Berlin' },
      metadata: {},
      createdAt: Date.now(),
      ...input,
    }
    bookings.set(booking.uid, booking)
    return booking
  }

  function replace(uid: string, start: number): FakeBooking {
    const old = bookings.get(uid)
    if (!old) throw new Refused(404, 'NotFoundException', `Booking with uid=${uid} was not found in the database`)
    if (old.status === 'cancelled') {
      throw new Refused(400, 'BadRequestException', `Can't reschedule booking with uid=${uid}, it has been cancelled.`)
    }
    const eventType = eventTypes.get(old.eventTypeId) as FakeEventType
    requireFree(eventType, start, start + (old.end - old.start), uid)
    const { eventTypeId, hosts, attendee, metadata } = old
    const moved = insert({
      start,
      end: start + (old.end - old.start),
      eventTypeId,
      hosts,
      attendee,
      metadata,
      rescheduledFromUid: uid,
    })
    old.status = 'cancelled'
    old.rescheduledToUid = moved.uid
    return moved
  }

  function end(uid: string, reason?: string): FakeBooking {
    const booking = bookings.get(uid)
    if (!booking) throw new Refused(404, 'NotFoundException', `Booking with uid=${uid} was not found in the database`)
    if (booking.status === 'cancelled') {
      throw new Refused(400, 'BadRequestException', `Can't cancel booking with uid=${uid}, it is already cancelled.`)
    }
    booking.status = 'cancelled'
    if (reason !== undefined) booking.cancellationReason = reason
    return booking
  }

  function toApi(booking: FakeBooking) {
    const iso = (at: number) => new Date(at).toISOString()
    const { attendee } = booking
    return {
      id: booking.id,
      uid: booking.uid,
      title: 'A booking',
      status: booking.status,
      hosts: booking.hosts,
      start: iso(booking.start),
      end: iso(booking.end),
      duration: (booking.end - booking.start) / MINUTE_MS,
      eventTypeId: booking.eventTypeId,
      eventType: { id: booking.eventTypeId, slug: 'slug' },
      attendees: [{ ...attendee, displayEmail: attendee.email, absent: false }],
      metadata: booking.metadata,
      createdAt: iso(booking.createdAt),
      updatedAt: iso(booking.createdAt),
      ...(booking.rescheduledFromUid && { rescheduledFromUid: booking.rescheduledFromUid }),
      ...(booking.rescheduledToUid && { rescheduledToUid: booking.rescheduledToUid }),
      ...(booking.cancellationReason && { cancellationReason: booking.cancellationReason }),
    }
  }

  function perform(
    operation: Operation,
    uid: string,
    body: Record<string, unknown>,
    url: URL,
  ): { status: number; body: object } {
    const success = (status: number, data: unknown, extra = {}) => ({
      status,
      body: { status: 'success', data, ...extra },
    })
    if (operation === 'create') {
      const eventType = eventTypes.get(Number(body.eventTypeId))
      const start = Date.parse(String(body.start))
      const attendee = body.attendee as FakeBooking['attendee']
      if (attendee.phoneNumber?.includes('0000000')) {
        throw new Refused(400, 'BadRequestException', 'attendee.phoneNumber: invalid_number')
      }
      if (!attendee.email && !attendee.phoneNumber)
        throw new Refused(400, 'BadRequestException', 'email or phone is needed')
      if (eventType && !eventType.managedParent) {
        requireFree(eventType, start, start + eventType.lengthInMinutes * MINUTE_MS)
      }
      const metadata = (body.metadata ?? {}) as Record<string, unknown>
      const booking = insert({ start, eventTypeId: Number(body.eventTypeId), attendee, metadata })
      announce('BOOKING_CREATED', booking)
      return success(201, toApi(booking))
    }
    if (operation === 'reschedule') {
      const moved = replace(uid, Date.parse(String(body.start)))
      announce('BOOKING_RESCHEDULED', moved)
      return success(201, toApi(moved))
    }
    if (operation === 'cancel') {
      const ended = end(uid, String(body.cancellationReason ?? ''))
      announce('BOOKING_CANCELLED', ended)
      return success(200, toApi(ended))
    }
    if (operation === 'read') {
      const booking = bookings.get(uid)
      if (!booking) throw new Refused(404, 'NotFoundException', `Booking with uid=${uid} was not found in the database`)
      return success(200, toApi(booking))
    }
    if (operation === 'list') {
      const from = Date.parse(url.searchParams.get('afterStart') ?? '1970-01-01T00:00:00Z')
      const to = Date.parse(url.searchParams.get('beforeEnd') ?? '2970-01-01T00:00:00Z')
      const [skip, take] = [Number(url.searchParams.get('skip') ?? 0), Number(url.searchParams.get('take') ?? 100)]
      const all = [...bookings.values()]
        .filter(({ start, end: to2 }) => start >= from && to2 <= to)
        .sort((a, b) => a.start - b.start)
      const page = all.slice(skip, skip + take)
      return success(
        200,
        page.map((booking) => overrides.get(booking.uid) ?? toApi(booking)),
        {
          pagination: { totalItems: all.length, returnedItems: page.length, hasNextPage: skip + take < all.length },
        },
      )
    }
    if (url.pathname.endsWith('/memberships')) {
      return success(
        200,
        members.map((user) => ({ userId: user.id, role: 'MEMBER', accepted: true, user })),
      )
    }
    return success(
      200,
      [...eventTypes.values()].map((type) => ({
        ...type,
        slug: 'slug',
        hosts: type.hosts.map((host) => ({ userId: host.id, name: host.name })),
      })),
    )
  }

  const overrides = new Map<string, unknown>()
  const server = createServer((request, response) => {
    void handle(request, response).catch(() => request.socket.destroy())
  })

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const text = Buffer.concat(chunks).toString()
    const body = text === '' ? null : (JSON.parse(text) as Record<string, unknown>)
    const url = new URL(request.url ?? '/', 'http://fake')
    const match = /^\/v2\/bookings(?:\/([^/]+)(?:\/(reschedule|cancel))?)?$/.exec(url.pathname)
    const operation = operationOf(request.method ?? 'GET', match)
    const version = request.headers['cal-api-version'] as string | undefined
    requests.push({ operation, version, body })
    const answer = (status: number, content: unknown, headers: Record<string, string> = {}) => {
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(content))
    }
    const refuse = (status: number, code: string, message: string, headers = {}) =>
      answer(
        status,
        { status: 'error', timestamp: new Date().toISOString(), path: url.pathname, error: { code, message } },
        headers,
      )
    if (request.headers.authorization !== `Bearer ${apiKey}`)
      return refuse(401, 'UnauthorizedException', 'Invalid API key.')
    if (fake.limit) {
      if (fake.limit.remaining <= 0) {
        const headers: Record<string, string> =
          fake.limit.retryAfter === null ? {} : { 'retry-after': fake.limit.retryAfter }
        return refuse(429, 'ThrottlerException', 'Too many requests.', headers)
      }
      fake.limit.remaining--
    }
    const quirk = quirks[operation].shift()
    if (quirk?.kind === 'answer')
      return quirk.body === undefined
        ? refuse(quirk.status, 'BadRequestException', quirk.message ?? '', quirk.headers)
        : answer(quirk.status, quirk.body, quirk.headers)
    if (quirk?.kind === 'lose-request') return void request.socket.destroy()
    if (quirk?.kind === 'hang' && !quirk.done) return quirk.reached?.()
    if (quirk?.kind === 'barrier' && quirk.at === 'before') {
      quirk.reached()
      await quirk.proceed
    }
    if (quirk?.kind === 'foreign') {
      const other = [...bookings.values()].find(({ metadata }) => metadata.slotwireAppointmentId === undefined)
      if (!other) throw new Error('The fake has no booking of somebody else.')
      return answer(201, { status: 'success', data: toApi(other) })
    }
    if (quirk?.kind === 'stale' && body) {
      const { start, eventTypeId, metadata } = body as {
        start: string
        eventTypeId: number
        metadata: FakeBooking['metadata']
      }
      const stale = insert({ start: Date.parse(start), eventTypeId, metadata, createdAt: Date.now() - 3_600_000 })
      bookings.delete(stale.uid)
      return answer(201, { status: 'success', data: toApi(stale) })
    }
    if (quirk?.kind === 'other-time' && body)
      body.start = new Date(Date.parse(String(body.start)) + quirk.shiftMs).toISOString()
    // Left out, an older version with another shape is chosen.
    if (!(VERSIONS[match ? 'bookings' : 'other'] ?? []).includes(version ?? '')) {
      return answer(200, { status: 'success', data: { bookings: [] } })
    }
    try {
      const result = perform(operation, match?.[1] ?? '', body ?? {}, url)
      counts[operation]++
      if (quirk?.kind === 'lose-answer') return void request.socket.destroy()
      if (quirk?.kind === 'hang') return quirk.reached?.()
      if (quirk?.kind === 'barrier' && quirk.at === 'after') {
        quirk.reached()
        await quirk.proceed
      }
      answer(result.status, result.body, {
        'x-ratelimit-limit-default': '120',
        'x-ratelimit-remaining-default': '100',
        'x-ratelimit-reset-default': '60',
      })
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      refuse(error.status, error.code, error.message)
    }
  }

  function announce(trigger: string, booking: FakeBooking): void {
    if (!subscription) return
    const { url, levels } = subscription
    for (let level = 0; level < levels; level++) {
      // The same event by another subscription: the same facts in another body.
      sending.push(
        send(url, fake.payload(trigger, booking, level === 0 ? {} : { eventDescription: `level ${level}` })).catch(
          () => {},
        ),
      )
    }
  }

  async function send(
    url: string,
    body: unknown,
    { signature, raw = JSON.stringify(body), contentType }: SendOptions = {},
  ) {
    const header = signature === undefined ? signAsCalcom(raw, webhookSecret) : signature
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': contentType ?? 'application/json',
        'x-cal-webhook-version': '2021-10-20',
        ...(header !== null && { 'x-cal-signature-256': header }),
      },
      body: raw,
    })
    const text = await response.text()
    return { status: response.status, body: text === '' ? {} : JSON.parse(text) }
  }

  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const fake: FakeCalcom = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    apiKey,
    webhookSecret,
    bookings,
    eventTypes,
    members,
    counts,
    requests,
    limit: null,
    quirk: (operation, ...more) => void quirks[operation].push(...more),
    active: () => [...bookings.values()].filter(({ status }) => status === 'accepted' || status === 'pending'),
    book(input) {
      const booking = insert(input)
      announce(booking.status === 'pending' ? 'BOOKING_REQUESTED' : 'BOOKING_CREATED', booking)
      return booking
    },
    move(uid, start) {
      const moved = replace(uid, start)
      announce('BOOKING_RESCHEDULED', moved)
      return moved
    },
    cancel(uid, reason) {
      const ended = end(uid, reason)
      announce('BOOKING_CANCELLED', ended)
      return ended
    },
    subscribe: (url, { levels = 1 } = {}) => {
      subscription = { url, levels }
    },
    async delivered() {
      while (sending.length > 0) await Promise.all(sending.splice(0))
    },
    payload(trigger, booking, changes = {}) {
      const old = booking.rescheduledFromUid === undefined ? undefined : bookings.get(booking.rescheduledFromUid)
      const [host] = booking.hosts
      const moved = trigger === 'BOOKING_RESCHEDULED' && old
      return {
        triggerEvent: trigger,
        createdAt: new Date().toISOString(),
        payload: {
          uid: booking.uid,
          bookingId: booking.id,
          eventTypeId: booking.eventTypeId,
          type: 'slug',
          title: 'A booking',
          startTime: new Date(booking.start).toISOString().replace('.000Z', 'Z'),
          endTime: new Date(booking.end).toISOString().replace('.000Z', '+00:00'),
          status: booking.status === 'rejected' ? 'REJECTED' : booking.status.toUpperCase(),
          organizer: {
            ...host,
            timeZone: 'Europe/Berlin',
            language: { locale: 'de' },
            timeFormat: 'h:mma',
            utcOffset: 60,
          },
          attendees: [{ ...booking.attendee, language: { locale: 'de' }, utcOffset: 60 }],
          responses: { name: { label: 'your_name', value: booking.attendee.name } },
          destinationCalendar: null,
          price: null,
          metadata: booking.metadata,
          ...(moved && {
            rescheduleUid: old.uid,
            rescheduleId: old.id,
            rescheduleStartTime: new Date(old.start).toISOString(),
            rescheduleEndTime: new Date(old.end).toISOString(),
          }),
          ...(booking.cancellationReason && { cancellationReason: booking.cancellationReason }),
          ...changes,
        },
      }
    },
    send,
    async [Symbol.asyncDispose]() {
      sending = []
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
  return fake
}

function operationOf(method: string, match: RegExpExecArray | null): Operation {
  if (!match) return 'team'
  if (match[2] === 'reschedule' || match[2] === 'cancel') return match[2]
  if (match[1] !== undefined) return 'read'
  return method === 'POST' ? 'create' : 'list'
}

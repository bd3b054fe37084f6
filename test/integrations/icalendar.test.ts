import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import fc from 'fast-check'
import ICAL from 'ical.js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { markNoShow } from '../../src/domain/bookings/close-appointment.ts'
import type { CalendarEntry } from '../../src/domain/outside/calendars/calendar-entries.ts'
import { createCalendarFeed, revokeCalendarFeed } from '../../src/domain/outside/calendars/calendar-feeds.ts'
import { contentLine, textValue } from '../../src/integrations/icalendar/content-lines.ts'
import { createCalendarDoor } from '../../src/integrations/icalendar/serve-calendars.ts'
import { writeCalendar } from '../../src/integrations/icalendar/write-calendar.ts'
import { cancel, move, refusalOf } from '../support/appointment-changes.ts'
import { book, guestCaller, hourAhead, openSalon, publishableCaller, type Salon, segment } from '../support/salon.ts'
import { addResource } from '../support/tenant.ts'

// The reader does not know these, and leaves what it does not know escaped: both are of type TEXT (RFC 7986; RFC 5545, 3.8.8.2).
for (const name of ['name', 'x-wr-calname']) ICAL.design.icalendar.property[name] = { defaultType: 'text' }

let salon: Salon
let door: { url: string } & AsyncDisposable
let now: number | undefined
let hours = 0

beforeAll(async () => {
  // Colour by one person, a gap that needs nobody, then the wash by the same one.
  salon = await openSalon({
    people: 2,
    segments: (candidateIds) => [
      segment({ candidateIds, name: 'Colour', bufferBeforeMinutes: 5 }),
      { ...segment({ candidateIds }), name: 'Wait', resourceGroups: [] },
      segment({ candidateIds, name: 'Wash', sameStaffAsPrevious: true }),
    ],
  })
  door = await listen()
})
afterAll(async () => {
  await door[Symbol.asyncDispose]()
  await salon[Symbol.asyncDispose]()
})

async function listen() {
  const handle = createCalendarDoor({ db: salon.db, now: () => now ?? Date.now() })
  const server = createServer((request, response) => void handle(request, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

type Feed = Partial<Parameters<typeof createCalendarFeed>[1]>

async function openFeed(given: Feed) {
  const made = await salon.write((tx) =>
    createCalendarFeed(tx, {
      caller: salon.caller,
      resourceId: null,
      appointmentId: null,
      showsCustomers: false,
      ...given,
    }),
  )
  const address = `${door.url}/calendars/${made.token}.ics`
  return { ...made, address, read: () => readCalendar(address) }
}

/** As an independent reader sees it. */
async function readCalendar(address: string) {
  const text = await (await fetch(address)).text()
  const calendar = new ICAL.Component(ICAL.parse(text))
  const events = calendar.getAllSubcomponents('vevent').map((component) => {
    const { uid, summary, startDate, endDate, sequence, location } = new ICAL.Event(component)
    return {
      uid,
      summary,
      location,
      sequence,
      status: component.getFirstPropertyValue('status'),
      startsAt: startDate.toJSDate().getTime(),
      endsAt: endDate.toJSDate().getTime(),
    }
  })
  return { text, calendar, events }
}

function anna() {
  return salon.people[0] as string
}

function ben() {
  return salon.people[1] as string
}

/** By one person, at a time of its own. */
async function bookWith(person: string, customer = 'Ada') {
  const startsAt = hourAhead(hours)
  hours += 3
  const slot = { serviceId: salon.cutId, startsAt, resourceIds: [person, person] }
  return (await book(salon, null, { slot, customer: { name: customer, phone: null, email: null } })).appointment
}

describe('the feed of a resource', () => {
  it('shows each part that it serves and leaves the gap free', async () => {
    const appointment = await bookWith(anna())
    const [colour, , wash] = appointment.segments
    const { read } = await openFeed({ resourceId: anna() })
    const { events } = await read()
    expect(events.filter(({ uid }) => uid.includes(appointment.id))).toEqual([
      {
        uid: `appointment_${appointment.id}-0@slotwire`,
        summary: 'Haircut: Colour',
        location: 'Mitte',
        sequence: 0,
        status: 'CONFIRMED',
        startsAt: colour?.startsAt,
        endsAt: colour?.endsAt,
      },
      {
        uid: `appointment_${appointment.id}-2@slotwire`,
        summary: 'Haircut: Wash',
        location: 'Mitte',
        sequence: 0,
        status: 'CONFIRMED',
        startsAt: wash?.startsAt,
        endsAt: wash?.endsAt,
      },
    ])
  })

  it('names customers only if it was made so', async () => {
    await bookWith(anna(), 'Grace; Hopper, "RDML"\\')
    const [open, closed] = [
      await openFeed({ resourceId: anna(), showsCustomers: true }),
      await openFeed({ resourceId: anna() }),
    ]
    expect((await open.read()).events.map(({ summary }) => summary)).toContain(
      'Haircut: Colour – Grace; Hopper, "RDML"\\',
    )
    expect((await closed.read()).text).not.toContain('Grace')
  })

  it('keeps the UID when an appointment moves, with a higher sequence and the new time', async () => {
    const appointment = await bookWith(anna())
    const { read } = await openFeed({ resourceId: anna() })
    const startsAt = hourAhead(hours)
    hours += 3
    const moved = await move(salon, appointment, startsAt, { resourceIds: [anna(), anna()] })
    const shown = (await read()).events.filter(({ uid }) => uid.includes(appointment.id))
    expect(shown.map((event) => [event.uid, event.sequence, event.status, event.startsAt])).toEqual([
      [`appointment_${appointment.id}-0@slotwire`, 1, 'CONFIRMED', moved.segments[0]?.startsAt],
      [`appointment_${appointment.id}-2@slotwire`, 1, 'CONFIRMED', moved.segments[2]?.startsAt],
    ])
  })

  it('keeps what was cancelled as cancelled', async () => {
    const appointment = await bookWith(anna())
    const { read } = await openFeed({ resourceId: anna() })
    await cancel(salon, appointment)
    const shown = (await read()).events.filter(({ uid }) => uid.includes(appointment.id))
    expect(shown.map(({ status, sequence }) => [status, sequence])).toEqual([
      ['CANCELLED', 1],
      ['CANCELLED', 1],
    ])
    expect(shown[0]?.startsAt).toBe(appointment.segments[0]?.startsAt)
  })

  it('keeps what somebody else took over as cancelled, and shows it to them; back again it is as before', async () => {
    const appointment = await bookWith(anna())
    const [hers, his] = [await openFeed({ resourceId: anna() }), await openFeed({ resourceId: ben() })]
    const statuses = async (feed: typeof hers) =>
      (await feed.read()).events.filter(({ uid }) => uid.includes(appointment.id)).map(({ status }) => status)
    const toBen = await move(salon, appointment, appointment.startsAt, { resourceIds: [ben(), ben()] })
    expect([await statuses(hers), await statuses(his)]).toEqual([
      ['CANCELLED', 'CANCELLED'],
      ['CONFIRMED', 'CONFIRMED'],
    ])
    await move(salon, toBen, appointment.startsAt, { resourceIds: [anna(), anna()] })
    expect([await statuses(hers), await statuses(his)]).toEqual([
      ['CONFIRMED', 'CONFIRMED'],
      ['CANCELLED', 'CANCELLED'],
    ])
  })

  it('keeps showing an appointment that took place or that nobody came to', async () => {
    const appointment = await bookWith(anna())
    const { id: appointmentId, startsAt: now } = appointment
    await markNoShow(salon.lane, { caller: salon.caller, appointmentId, expectedVersion: 1, now })
    const { events } = await (await openFeed({ resourceId: anna() })).read()
    expect(events.find(({ uid }) => uid.includes(appointment.id))?.status).toBe('CONFIRMED')
  })

  it('goes from 90 days back to 400 days ahead', async () => {
    const appointment = await bookWith(anna())
    const { read } = await openFeed({ resourceId: anna() })
    const day = 86_400_000
    const isShownAt = async (at: number) => {
      now = at
      const { events } = await read()
      now = undefined
      return events.some(({ uid }) => uid.includes(appointment.id))
    }
    const { startsAt, segments } = appointment
    expect(await isShownAt(startsAt - 400 * day)).toBe(true)
    expect(await isShownAt(startsAt - 400 * day - 600_000)).toBe(false)
    expect(await isShownAt((segments[2]?.endsAt ?? 0) + 90 * day - 1)).toBe(true)
    expect(await isShownAt((segments[2]?.endsAt ?? 0) + 90 * day)).toBe(false)
  })

  it('is valid and empty where nothing is booked', async () => {
    const idle = await addResource(salon, { name: 'Köbi; Müller' })
    const { calendar, events } = await (await openFeed({ resourceId: idle.id })).read()
    expect(events).toEqual([])
    expect(calendar.getAllSubcomponents()).toHaveLength(1)
    expect(calendar.getFirstPropertyValue('name')).toBe('Köbi; Müller')
  })
})

describe('the feed of an appointment', () => {
  it('shows it whole, moved and cancelled, under one UID', async () => {
    const appointment = await bookWith(anna())
    const { read } = await openFeed({ appointmentId: appointment.id })
    const uid = `appointment_${appointment.id}@slotwire`
    const { startsAt, endsAt } = appointment
    const shown = { uid, summary: 'Haircut', location: 'Mitte', sequence: 0, status: 'CONFIRMED', startsAt, endsAt }
    expect((await read()).events).toEqual([shown])
    const moved = await move(salon, appointment, hourAhead(hours))
    hours += 3
    expect((await read()).events).toEqual([{ ...shown, sequence: 1, startsAt: moved.startsAt, endsAt: moved.endsAt }])
    await cancel(salon, moved)
    expect((await read()).events).toMatchObject([{ uid, sequence: 2, status: 'CANCELLED', startsAt: moved.startsAt }])
  })

  it('is made by its own manage token, and by no other nor for anything else', async () => {
    const [own, other] = [await bookWith(anna()), await bookWith(anna())]
    const caller = guestCaller(salon.organizationId, own.id)
    const { feed, read } = await openFeed({ caller, appointmentId: own.id })
    expect((await read()).events).toHaveLength(1)
    const strangers: Feed[] = [
      { caller, appointmentId: other.id },
      { caller, resourceId: anna() },
      { caller: publishableCaller(salon.organizationId), appointmentId: own.id },
    ]
    for (const stranger of strangers) expect(await refusalOf(openFeed(stranger))).toMatchObject({ code: 'NOT_FOUND' })
    const guest = guestCaller(salon.organizationId, other.id)
    const revoking = salon.write((tx) => revokeCalendarFeed(tx, { caller: guest, feedId: feed.id }))
    expect(await refusalOf(revoking)).toMatchObject({ code: 'NOT_FOUND' })
  })
})

describe('an address', () => {
  it('answers as a calendar program expects, and 304 to whoever has it already until something changes', async () => {
    const appointment = await bookWith(anna())
    const { address } = await openFeed({ appointmentId: appointment.id })
    const first = await fetch(address)
    expect(first.headers.get('content-type')).toBe('text/calendar; charset=utf-8')
    const { calendar } = await readCalendar(address)
    const properties = ['version', 'method', 'calscale', 'name', 'x-wr-calname', 'x-published-ttl', 'refresh-interval']
    expect(properties.map((name) => String(calendar.getFirstPropertyValue(name)))).toEqual([
      '2.0',
      'PUBLISH',
      'GREGORIAN',
      'Haircut, Mitte',
      'Haircut, Mitte',
      'PT15M',
      'PT15M',
    ])
    const etag = first.headers.get('etag') ?? ''
    for (const header of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const again = await fetch(address, { headers: { 'if-none-match': header } })
      expect([again.status, await again.text(), again.headers.get('etag')]).toEqual([304, '', etag])
    }
    await cancel(salon, appointment)
    const changed = await fetch(address, { headers: { 'if-none-match': etag } })
    expect(changed.status).toBe(200)
    expect(changed.headers.get('etag')).not.toBe(etag)
    const head = await fetch(address, { method: 'HEAD' })
    expect([head.status, await head.text(), head.headers.get('etag')]).toEqual([200, '', changed.headers.get('etag')])
  })

  it('leads nowhere once it is revoked, nor if it is guessed, and takes no writing', async () => {
    const { feed, address } = await openFeed({ resourceId: anna() })
    expect((await fetch(address, { method: 'PUT', body: 'x' })).status).toBe(405)
    await salon.write((tx) => revokeCalendarFeed(tx, { caller: salon.caller, feedId: feed.id }))
    expect((await fetch(address)).status).toBe(404)
    for (const path of [`${'a'.repeat(43)}.ics`, 'short.ics', '', '../healthz', `${feed.id}.ics`]) {
      expect((await fetch(`${door.url}/calendars/${path}`)).status).toBe(404)
    }
  })

  it('is not stored: only its hash is', async () => {
    const { token } = await openFeed({ resourceId: anna() })
    const rows = await salon.db.sql`select * from calendar_feeds`
    expect(JSON.stringify(rows)).not.toContain(token)
  })
})

describe('whatever the names are', () => {
  const name = fc.string({ unit: 'binary', maxLength: 200, size: 'max' })

  it('no line is longer than 75 octets, every line ends with CRLF and is UTF-8 that nobody has cut', () => {
    fc.assert(
      fc.property(name, (text) => {
        const written = contentLine('SUMMARY', textValue(text))
        expect(written.endsWith('\r\n')).toBe(true)
        const lines = written.slice(0, -2).split('\r\n')
        for (const line of lines) {
          expect(Buffer.byteLength(line)).toBeLessThanOrEqual(75)
          expect(line.isWellFormed()).toBe(true)
          expect(line).not.toMatch(/[\r\n]/)
        }
        expect(lines.slice(1).every((line) => line.startsWith(' '))).toBe(true)
        expect(lines.map((line, index) => (index === 0 ? line : line.slice(1))).join('')).toBe(
          `SUMMARY:${textValue(text)}`,
        )
      }),
      { numRuns: 500 },
    )
  })

  it('an independent reader reads what was meant', () => {
    fc.assert(
      fc.property(name, name, name, (calendarName, serviceName, customerName) => {
        const entry: CalendarEntry = {
          appointmentId: '0193d0c4-0000-7000-8000-000000000000',
          segmentPosition: 1,
          version: 3,
          cancelled: false,
          startsAt: Date.UTC(2027, 2, 28, 1),
          endsAt: Date.UTC(2027, 2, 28, 2),
          serviceName,
          segmentName: null,
          customerName,
          locationName: calendarName,
          createdAt: Date.UTC(2027, 0, 1),
          updatedAt: Date.UTC(2027, 0, 2),
        }
        const calendar = new ICAL.Component(ICAL.parse(writeCalendar({ name: calendarName, entries: [entry] })))
        const event = calendar.getFirstSubcomponent('vevent')
        expect(calendar.getFirstPropertyValue('x-wr-calname')).toBe(meant(calendarName))
        expect(event?.getFirstPropertyValue('summary')).toBe(meant(`${serviceName} – ${customerName}`))
        expect(event?.getFirstPropertyValue('location')).toBe(meant(calendarName))
        expect(String(event?.getFirstPropertyValue('dtstart'))).toBe('2027-03-28T01:00:00Z')
      }),
      { numRuns: 300 },
    )
  })

  /** Line ends in one form, without what cannot be in text. */
  function meant(text: string): string {
    const lines = text.toWellFormed().replace(/\r\n?|[\u2028\u2029]/g, '\n')
    return [...lines].filter((character) => /[\t\n]/.test(character) || !/\p{Cc}/u.test(character)).join('')
  }
})

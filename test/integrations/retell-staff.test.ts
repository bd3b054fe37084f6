// Whom a caller asks for, and every time that is said, under whatever name: respected or asked back.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { FakeCall } from '../support/fake-retell.ts'
import { openRetellGateway, type RetellGateway } from '../support/retell-gateway.ts'
import { addService, staffed } from '../support/tenant.ts'

const TEAM = ['Anna Weber', 'Ben Kaya', 'Clara Vogt', 'Elif Demir', 'Anton Groß', 'Ina Groß']

let gateway: RetellGateway
let idOf: Map<string, string>

beforeAll(async () => {
  gateway = await openRetellGateway({ people: TEAM.length })
  idOf = new Map(TEAM.map((name, index) => [name, gateway.people[index] as string]))
  for (const [name, id] of idOf) await gateway.db.sql`update resources set name = ${name} where id = ${id}`
  const beard = await addService(gateway, [staffed([idOf.get('Ben Kaya') as string])])
  await gateway.db.sql`update services set name = 'Beard' where id = ${beard.id}`
  await gateway.db.sql`update services set name = 'Haircut' where id = ${gateway.cutId}`
})
afterAll(() => gateway[Symbol.asyncDispose]())

let numbers = 0
let days = 3
function newCall(): FakeCall & { number: string } {
  const number = `+49171${String(5_000_000 + ++numbers)}`
  return { ...gateway.retell.call({ from: number }), number }
}

/** Ten o'clock on a day of its own. */
function freeDay(): { date: string; time: string } {
  const date = Temporal.Now.zonedDateTimeISO('Europe/Berlin').toPlainDate().add({ days: ++days })
  return { date: date.toString(), time: '10:00' }
}

const CUT = { service: 'Haircut', name: 'Ada Lovelace' }

/** The people of the caller's appointments, in order of booking. */
async function staffOfAppointments({ number }: { number: string }): Promise<string[]> {
  const rows = await gateway.db.sql<{ ids: string[]; startsAt: number }[]>`
    select array(select jsonb_array_elements_text(s -> 'resourceIds') from jsonb_array_elements(a.segments) as s) as ids
    from appointments a join customers c on c.organization_id = a.organization_id and c.id = a.customer_id
    where c.phone = ${number} and a.status = 'CONFIRMED' order by a.created_at`
  return rows.flatMap(({ ids }) => TEAM.filter((name) => ids.includes(idOf.get(name) as string)))
}

describe('whom they ask for', () => {
  it.each([
    ['Anna', 'Anna Weber'],
    ['bei der Elif', 'Elif Demir'],
    ['Frau Weber', 'Anna Weber'],
    ['Klara', 'Clara Vogt'],
    ['with Ben, please', 'Ben Kaya'],
    ['der Herr Kaya', 'Ben Kaya'],
    ['elif demir', 'Elif Demir'],
  ])('"%s" books with %s, and the sentence says so', async (staff, name) => {
    const call = newCall()
    const { body } = await call.invoke('book_appointment', { ...CUT, ...freeDay(), staff })
    expect(body).toMatchObject({ outcome: 'BOOKED', staff: [name] })
    expect(body.message).toContain(name)
    expect(await staffOfAppointments(call)).toEqual([name])
  })

  it.each([
    ['book_appointment', 'Sabine', 'UNCLEAR_STAFF'],
    ['book_appointment', 'Groß', 'UNCLEAR_STAFF'],
    ['hold_slot', 'Sabine', 'UNCLEAR_STAFF'],
    ['check_availability', 'Sabine', 'UNCLEAR_STAFF'],
  ])('%s asks back whom "%s" means', async (name, staff, outcome) => {
    const call = newCall()
    const { body } = await call.invoke(name, { ...CUT, ...freeDay(), staff })
    expect(body).toMatchObject({ success: false, outcome })
    expect(await staffOfAppointments(call)).toEqual([])
  })

  it.each(['book_appointment', 'hold_slot', 'check_availability'])(
    '%s says who does a service that the named person does not do',
    async (name) => {
      const call = newCall()
      const { body } = await call.invoke(name, { ...CUT, ...freeDay(), service: 'Beard', staff: 'Anna' })
      expect(body).toMatchObject({ success: false, outcome: 'UNCLEAR_STAFF', staff: ['Ben Kaya'] })
    },
  )

  it('anybody is anybody', async () => {
    for (const staff of ['egal', 'anyone is fine', 'keine Präferenz']) {
      const { body } = await newCall().invoke('book_appointment', { ...CUT, ...freeDay(), staff })
      expect(body.outcome).toBe('BOOKED')
    }
  })

  it('a hold with somebody else is not booked as if it were theirs', async () => {
    const call = newCall()
    const when = freeDay()
    await call.invoke('hold_slot', { ...CUT, ...when, staff: 'Ben' })
    const asked = await call.invoke('book_appointment', { name: 'Ada', staff: 'Anna' })
    expect(asked.body).toMatchObject({ success: false, outcome: 'UNCLEAR_STAFF', staff: ['Ben Kaya'] })
    const booked = await call.invoke('book_appointment', { ...CUT, ...when, staff: 'Anna' })
    expect(booked.body).toMatchObject({ outcome: 'BOOKED', staff: ['Anna Weber'] })
    expect(await staffOfAppointments(call)).toEqual(['Anna Weber'])
    // Nobody waits for Ben any more.
    const [held] = await gateway.db.sql<[{ count: number }]>`
      select count(*)::int from claims where active and hold_id is not null and appointment_id is null and resource_id = ${idOf.get('Ben Kaya') as string}`
    expect(held.count).toBe(0)
    const again = await call.invoke('book_appointment', { ...CUT, ...when, staff: 'Elif' })
    expect(again.body).toMatchObject({ success: false, outcome: 'UNCLEAR_STAFF' })
    expect(await staffOfAppointments(call)).toEqual(['Anna Weber'])
  })

  it('a hold is booked with whom it is, and the sentence says with whom', async () => {
    const call = newCall()
    const held = await call.invoke('hold_slot', { ...CUT, ...freeDay(), staff: 'Clara' })
    expect(held.body.message).toContain('Clara Vogt')
    const { body } = await call.invoke('book_appointment', { name: 'Ada' })
    expect(body).toMatchObject({ outcome: 'BOOKED', staff: ['Clara Vogt'] })
  })

  it('a move goes to the named person, keeps the old one where nobody is named, and tells', async () => {
    const call = newCall()
    await call.invoke('book_appointment', { ...CUT, ...freeDay(), staff: 'Elif' })
    const kept = await call.invoke('reschedule_appointment', freeDay())
    expect(kept.body).toMatchObject({ outcome: 'RESCHEDULED', staff: ['Elif Demir'] })
    const when = freeDay()
    const unknown = await call.invoke('reschedule_appointment', { ...when, staff: 'Sabine' })
    expect(unknown.body.outcome).toBe('UNCLEAR_STAFF')
    const moved = await call.invoke('reschedule_appointment', { ...when, staff: 'Frau Weber' })
    expect(moved.body).toMatchObject({ outcome: 'RESCHEDULED', staff: ['Anna Weber'] })
    expect(moved.body.message).toContain('Anna Weber')
    // The same time with somebody else is a move, too.
    const other = await call.invoke('reschedule_appointment', { ...when, staff: 'Klara' })
    expect(other.body).toMatchObject({ outcome: 'RESCHEDULED', staff: ['Clara Vogt'] })
    expect(await staffOfAppointments(call)).toEqual(['Clara Vogt'])
  })
})

describe('a time', () => {
  const isoOf = ({ date, time }: { date: string; time: string }) =>
    Temporal.PlainDateTime.from(`${date}T${time}`)
      .toZonedDateTime('Europe/Berlin')
      .toString({ timeZoneName: 'never', smallestUnit: 'second' })

  it.each<[string, (when: { date: string; time: string }) => object]>([
    ['appointment_datetime', (when) => ({ appointment_datetime: isoOf(when) })],
    ['an object in date', ({ date, time }) => ({ date: { date, time } })],
    ['start_time beside a date', ({ date, time }) => ({ date, start_time: time })],
    ['an object of its own', ({ date, time }) => ({ appointment: { date, start_time: time } })],
    ['wunschtermin', ({ date, time }) => ({ wunschtermin: `${date} ${time}` })],
    ['slot.startsAt', (when) => ({ slot: { startsAt: isoOf(when) } })],
    ['a list of one object', ({ date, time }) => ({ appointment: [{ date, time }] })],
    ['a list of date and time', ({ date, time }) => ({ date: [date, time] })],
    ['the same twice', (when) => ({ ...when, starts_at: isoOf(when) })],
  ])('under %s is the one that is booked, not the one that is held', async (_, say) => {
    const call = newCall()
    const held = freeDay()
    await call.invoke('hold_slot', { ...CUT, ...held })
    const wished = freeDay()
    const { body } = await call.invoke('book_appointment', { ...CUT, ...say(wished) })
    expect(body.outcome).toBe('BOOKED')
    expect((body.slots as { startsAt: string }[])[0]?.startsAt).toBe(isoOf(wished))
  })

  it.each<[string, (one: { date: string; time: string }, other: { date: string; time: string }) => object]>([
    ['two dates', (one, other) => ({ ...one, start: other.date })],
    ['two clock times', (one) => ({ ...one, start_time: '16:00' })],
    ['a timestamp of another day', (one, other) => ({ ...one, appointment_datetime: isoOf(other) })],
    ['a shape that nobody understands', () => ({ date: { foo: 'banana' } })],
    ['numbers in a list', () => ({ starts_at: [1, 2] })],
    ['words that nobody understands', (one) => ({ ...one, starts_at: 'wenn der Mond voll ist' })],
  ])('that differs from another one is asked back: %s', async (_, say) => {
    const call = newCall()
    const [one, other] = [freeDay(), freeDay()]
    await call.invoke('hold_slot', { ...CUT, ...one })
    const { body } = await call.invoke('book_appointment', { ...CUT, ...say(one, other) })
    expect(body).toMatchObject({ success: false, outcome: 'UNCLEAR_TIME' })
    expect(await staffOfAppointments(call)).toEqual([])
  })

  it('of birth, of the end or of the zone is none', async () => {
    const call = newCall()
    await call.invoke('hold_slot', { ...CUT, ...freeDay() })
    const beside = {
      date_of_birth: '1990-01-01',
      end_time: '11:00',
      timezone: 'Europe/Berlin',
      appointment_type: 'cut',
    }
    expect((await call.invoke('book_appointment', { name: 'Ada', ...beside })).body.outcome).toBe('BOOKED')
  })
})

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { rescheduleAppointment } from '../../src/domain/bookings/reschedule-appointment.ts'
import { updatePolicy } from '../../src/domain/catalogue/policies.ts'
import { signAsRetell } from '../../src/integrations/retell/signature.ts'
import type { FakeCall, FunctionReply } from '../support/fake-retell.ts'
import { openRetellGateway, type RetellGateway, WEBHOOK_KEY } from '../support/retell-gateway.ts'
import { ALWAYS_OPEN } from '../support/salon.ts'
import { addResource, addService, staffed } from '../support/tenant.ts'

let gateway: RetellGateway
let shaveId: string
beforeAll(async () => {
  gateway = await openRetellGateway({
    people: 2,
    connection: { functions: [{ agentName: 'termin_buchen', name: 'book_appointment' }] },
  })
  shaveId = (await addNamedService('Damen Haarschnitt')).id
  await addNamedService('Herren Haarschnitt')
})
afterAll(() => gateway[Symbol.asyncDispose]())

async function addNamedService(name: string) {
  const service = await addService(gateway, [staffed(gateway.people)])
  await gateway.db.sql`update services set name = ${name} where id = ${service.id}`
  return service
}

let numbers = 0
/** A call from a number of its own. */
function newCall(): FakeCall & { number: string } {
  const number = `+49170${String(5_000_000 + ++numbers)}`
  return { ...gateway.retell.call({ from: number }), number }
}

const firstDay = Temporal.Now.plainDateISO('Europe/Berlin').add({ days: 3 })
let starts = 0
/** A start of its own for each test, as a model would write it: between 8 and 17 o'clock, where no clock change is. */
function freeStart(): { date: string; time: string } {
  const date = firstDay.add({ days: Math.floor(starts / 10) })
  const time = Temporal.PlainTime.from({ hour: 8 + (starts++ % 10) })
  return { date: date.toString(), time: time.toString().slice(0, 5) }
}

function startsAt(reply: FunctionReply): string | undefined {
  return (reply.body.slots as { startsAt: string }[] | undefined)?.[0]?.startsAt
}

/** A body that can be sent again, as it was, whatever happened since. */
function toolCall(call: FakeCall, name: string, args: object) {
  const transcript = [
    { role: 'tool_call_invocation', tool_call_id: `tool_${call.callId}_${name}`, name, arguments: '{}' },
  ]
  return { name, args, call: { ...call.object, transcript_with_tool_calls: transcript } }
}

const haircut = { service: 'Haircut' }

async function appointmentsOf(call: FakeCall & { number: string }) {
  return gateway.db.sql`
    select a.* from appointments a join customers c on c.organization_id = a.organization_id and c.id = a.customer_id
    where c.phone = ${call.number} order by a.created_at`
}

describe('a function', () => {
  it.each([
    ['list_services', 'SERVICES'],
    ['list_services_v17', 'SERVICES'],
    ['check_availability-v2', 'SLOTS'],
  ])('called %s is found by its name', async (name, outcome) => {
    expect((await newCall().invoke(name, haircut)).body.outcome).toBe(outcome)
  })

  it('has the name that the agent gave it, with a version too', async () => {
    for (const name of ['termin_buchen', 'termin_buchen_v3']) {
      const reply = await newCall().invoke(name, { ...haircut, ...freeStart(), name: 'Ada' })
      expect(reply.body.outcome).toBe('BOOKED')
    }
  })

  it('that is none of ours is a broken request', async () => {
    expect((await newCall().invoke('transfer_money', {})).status).toBe(404)
    expect((await newCall().invoke('constructor', {})).status).toBe(404)
  })

  it('without its envelope can be public; booking needs a signed call', async () => {
    const { retell } = gateway
    const checked = await retell.send('functions/check_availability', { ...haircut, date: 'übermorgen' })
    expect(checked).toMatchObject({ status: 200, body: { outcome: 'SLOTS' } })
    // Held for nobody: nothing says whose call it is.
    const wanted = await retell.send('functions/check_availability', { ...haircut, date: 'übermorgen', hold: true })
    expect(wanted.body).toMatchObject({ outcome: 'SLOTS' })
    for (const name of ['book_appointment', 'hold_slot', 'cancel_appointment', 'find_appointments']) {
      // `name` in bare arguments is a person's, and call_id is invented.
      const bare = { ...haircut, ...freeStart(), name: 'Ada', call_id: 'call_1', phone: '+491700000001' }
      expect((await retell.send(`functions/${name}`, bare)).status).toBe(400)
    }
    expect((await retell.send('functions', { ...haircut, name: 'list_services' })).status).toBe(400)
  })

  it('is told in the body; an address that says otherwise is a broken request', async () => {
    const { object } = newCall()
    const body = { name: 'list_services', args: {}, call: object }
    expect((await gateway.retell.send('functions/list_services', body)).status).toBe(200)
    expect((await gateway.retell.send('functions/book_appointment', body)).status).toBe(400)
  })

  it('reads name and args, nothing else', async () => {
    const { object } = newCall()
    const reply = await gateway.retell.send('functions', {
      function_name: 'list_services',
      parameters: {},
      call: object,
    })
    expect(reply.status).toBe(404)
  })

  it('that is not signed is refused', async () => {
    const raw = JSON.stringify({ name: 'list_services', args: {}, call: newCall().object })
    const signature = signAsRetell(raw, 'another key', Date.now())
    expect((await gateway.retell.send('functions', null, { raw, signature })).status).toBe(401)
    expect(
      (
        await gateway.retell.send('functions', null, {
          raw,
          method: 'PUT',
          signature: signAsRetell(raw, WEBHOOK_KEY, Date.now()),
        })
      ).status,
    ).toBe(200)
  })

  it('works before call_started has arrived, and in a web call', async () => {
    const call = gateway.retell.call({ from: null })
    const booked = await call.invoke('book_appointment', { ...haircut, ...freeStart(), name: 'Ada' })
    expect(booked.body.outcome).toBe('BOOKED')
    await gateway.retell.event('call_started', call.object)
    expect(await gateway.db.sql`select status from calls where provider_call_id = ${call.callId}`).toHaveLength(1)
  })

  it('answers less than 15,000 characters', async () => {
    const reply = await newCall().invoke('check_availability', { ...haircut, date: 'nächste Woche' })
    expect(JSON.stringify(reply.body).length).toBeLessThan(15_000)
    expect((reply.body.slots as unknown[]).length).toBeGreaterThan(3)
  })
})

describe('a call', () => {
  it.each(['dummy_call_id', 'None', 'current', 'call_1', '123', 'undefined'])(
    'is the one of the signed body, whatever the arguments say (%s)',
    async (call_id) => {
      const [mine, other] = [newCall(), newCall()]
      const slot = freeStart()
      await mine.invoke('hold_slot', { ...haircut, ...slot, call_id })
      const [hold] = await gateway.db.sql`select session_key from holds where session_key = ${mine.callId}`
      expect(hold).toEqual({ session_key: mine.callId })
      // Another call with the same invented id has none of it.
      const released = await other.invoke('release_slot', { call_id })
      expect(released.body).toMatchObject({ released: 0 })
    },
  )
})

describe('check_availability', () => {
  it('tells what is free in local time, with an offset that is understood when it comes back', async () => {
    const call = newCall()
    const slot = freeStart()
    const reply = await call.invoke('check_availability', { ...haircut, ...slot })
    expect(reply.body.outcome).toBe('FREE')
    expect(startsAt(reply)).toMatch(new RegExp(`^${slot.date}T${slot.time}:00\\+0[12]:00$`))
    expect((await call.invoke('hold_slot', { ...haircut, starts_at: startsAt(reply) })).body.outcome).toBe('HELD')
  })

  it('holds what it offers when asked, for this conversation only', async () => {
    const [first, second, third] = [newCall(), newCall(), newCall()]
    const slot = freeStart()
    for (const call of [first, second]) {
      expect((await call.invoke('check_availability', { ...haircut, ...slot, hold: 'true' })).body.outcome).toBe('HELD')
    }
    const late = await third.invoke('check_availability', { ...haircut, ...slot, hold: true })
    expect(late.body).toMatchObject({ success: false, outcome: 'NOT_FREE' })
    const again = await first.invoke('check_availability', { ...haircut, ...slot })
    expect(again.body.outcome).toBe('HELD')
    expect((await first.invoke('book_appointment', { name: 'Ada' })).body.outcome).toBe('BOOKED')
  })

  it('offers other times, never the one that it refuses', async () => {
    const slot = freeStart()
    for (const call of [newCall(), newCall()]) await call.invoke('hold_slot', { ...haircut, ...slot })
    const reply = await newCall().invoke('check_availability', { ...haircut, ...slot })
    const alternatives = reply.body.alternatives as { startsAt: string }[]
    expect(alternatives.length).toBeGreaterThan(0)
    expect(alternatives.some(({ startsAt }) => startsAt.startsWith(`${slot.date}T${slot.time}`))).toBe(false)
  })

  it.each([
    [{ date: '2023-11-19', time: '14:00' }, 'PAST_TIME'],
    [{ date: 'gestern', time: '14:00' }, 'UNCLEAR_TIME'],
    [{ time: '14:00' }, 'UNCLEAR_TIME'],
    [{ date: 'morgen', time: 'um acht' }, 'UNCLEAR_TIME'],
    [{ date: '2099-12-24T14:00:00Z' }, 'UNCLEAR_TIME'],
    [{ date: 12345678901 }, 'UNCLEAR_TIME'],
  ])('does not guess %j', async (args, outcome) => {
    const reply = await newCall().invoke('check_availability', { ...haircut, ...args })
    expect(reply).toMatchObject({ status: 200, body: { success: false, outcome } })
    expect(reply.body.message).toMatch(/[?.]$/)
  })

  it('takes numbers, lists and objects where texts were asked for', async () => {
    // On a day of its own, where nobody has taken 14 o'clock.
    const date = Temporal.Now.plainDateISO('Europe/Berlin').add({ days: 20 }).toString()
    const reply = await newCall().invoke('check_availability', {
      Service: ['haircut'],
      Date: { value: date },
      time: 14,
    })
    expect(reply.body.outcome).toBe('FREE')
  })

  it('tells a stretch of time', async () => {
    const reply = await newCall().invoke('check_availability', { ...haircut, date: 'übermorgen', time: 'vormittags' })
    const hoursTold = (reply.body.slots as { startsAt: string }[]).map((slot) => Number(slot.startsAt.slice(11, 13)))
    expect(Math.min(...hoursTold)).toBe(9)
    expect(Math.max(...hoursTold)).toBeLessThan(12)
  })

  it('asks which service is meant when several could be', async () => {
    const reply = await newCall().invoke('check_availability', { service: 'Haarschnitt', date: 'morgen' })
    expect(reply.body).toMatchObject({
      outcome: 'UNCLEAR_SERVICE',
      services: ['Damen Haarschnitt', 'Herren Haarschnitt'],
    })
    const named = await newCall().invoke('check_availability', { service: 'Damenhaarschnitt', date: 'übermorgen' })
    expect(named.body).toMatchObject({ outcome: 'SLOTS', service: 'Damen Haarschnitt' })
    const byId = await newCall().invoke('check_availability', { service: `service_${shaveId}`, date: 'übermorgen' })
    expect(byId.body).toMatchObject({ service: 'Damen Haarschnitt' })
    const nothing = await newCall().invoke('check_availability', { service: 'Ölwechsel', date: 'morgen' })
    expect(nothing.body.outcome).toBe('UNCLEAR_SERVICE')
    expect((await newCall().invoke('check_availability', { date: 'morgen' })).body.outcome).toBe('UNCLEAR_SERVICE')
  })

  it('asks for one person by name', async () => {
    const slot = freeStart()
    const args = { ...haircut, ...slot, staff: 'Person 1' }
    expect((await newCall().invoke('hold_slot', args)).body.outcome).toBe('HELD')
    expect((await newCall().invoke('check_availability', args)).body.outcome).toBe('NOT_FREE')
    expect((await newCall().invoke('check_availability', { ...args, staff: 'egal' })).body.outcome).toBe('FREE')
    expect((await newCall().invoke('check_availability', { ...args, staff: 'Person' })).body.outcome).toBe(
      'UNCLEAR_STAFF',
    )
    expect((await newCall().invoke('check_availability', { ...args, staff: 'Zoe' })).body.outcome).toBe('UNCLEAR_STAFF')
  })
})

describe('what is nearest', () => {
  it.each(['so bald wie möglich', 'nächste Woche', 'egal wann'])(
    'is offered first, in order of time: %s',
    async (date) => {
      const { body } = await newCall().invoke('check_availability', { ...haircut, date })
      const slots = body.slots as { startsAt: string; spoken: string }[]
      const starts = slots.map(({ startsAt }) => Date.parse(startsAt))
      expect(starts).toEqual([...starts].sort((a, b) => a - b))
      const [first, second, third, fourth] = slots.map(({ startsAt }) => startsAt.slice(11, 16))
      const clock = (time: string | undefined) =>
        time?.replace(/^0?(\d+):(\d+)$/, (_, h, m) => `${h} Uhr${m === '00' ? '' : ` ${m}`}`)
      for (const time of [first, second, third]) expect(body.message).toContain(`um ${clock(time)}`)
      expect(fourth).toBeDefined()
      expect(body.message.match(/ um \d/g)).toHaveLength(3)
    },
  )
})

describe('find_alternatives', () => {
  it('leaves out the time that was asked about', async () => {
    const slot = freeStart()
    const reply = await newCall().invoke('find_alternatives', { ...haircut, ...slot })
    const starts = (reply.body.slots as { startsAt: string }[]).map(({ startsAt }) => startsAt)
    expect(starts.length).toBeGreaterThan(2)
    expect(starts.some((start) => start.startsWith(`${slot.date}T${slot.time}`))).toBe(false)
  })
})

describe('hold_slot', () => {
  it('gives a caller who changes their mind by a quarter of an hour the other time', async () => {
    const single = await addService(gateway, [
      staffed([(await addResource(gateway, { name: 'Solo', weeklyHours: ALWAYS_OPEN })).id]),
    ])
    await gateway.db.sql`update services set name = 'Solo' where id = ${single.id}`
    const call = newCall()
    const { date } = freeStart()
    expect((await call.invoke('hold_slot', { service: 'Solo', date, time: '14:00' })).body.outcome).toBe('HELD')
    const moved = await call.invoke('hold_slot', { service: 'Solo', date, time: '14:15' })
    expect(moved.body.outcome).toBe('HELD')
    expect(startsAt(moved)).toContain('T14:15')
  })

  it('holds the best alternative when asked, and a retry holds no second one', async () => {
    const slot = freeStart()
    for (const call of [newCall(), newCall()]) await call.invoke('hold_slot', { ...haircut, ...slot })
    const call = newCall()
    const args = { ...haircut, ...slot, hold_alternative: true }
    const first = await call.invoke('hold_slot', args, { toolCallId: 'tool_alternative' })
    expect(first.body).toMatchObject({ success: true, outcome: 'HELD' })
    const retry = await call.invoke('hold_slot', args, { toolCallId: 'tool_alternative' })
    expect(retry.body.holdId).toBe(first.body.holdId)
    expect(
      await gateway.db.sql`select from holds where session_key = ${call.callId} and status = 'ACTIVE'`,
    ).toHaveLength(1)
  })

  it.each(['morgen nachmittags', 'morgen gegen 14 Uhr', 'nächste Woche'])(
    'needs a time of the clock: %s',
    async (date) => {
      expect((await newCall().invoke('hold_slot', { ...haircut, date })).body.outcome).toBe('UNCLEAR_TIME')
    },
  )

  it('lets go of what it held', async () => {
    const [call, other] = [newCall(), newCall()]
    const slot = freeStart()
    await call.invoke('hold_slot', { ...haircut, ...slot })
    await other.invoke('hold_slot', { ...haircut, ...slot })
    expect((await call.invoke('release_slot', slot)).body).toMatchObject({ success: true, released: 1 })
    expect((await call.invoke('release_slot', slot)).body).toMatchObject({ success: true, released: 0 })
    expect((await newCall().invoke('check_availability', { ...haircut, ...slot })).body.outcome).toBe('FREE')
  })
})

describe('book_appointment', () => {
  it('books what the conversation holds, under the number of the carrier', async () => {
    const call = newCall()
    await call.invoke('hold_slot', { ...haircut, ...freeStart() })
    const booked = await call.invoke('book_appointment', {
      vorname: 'Grace',
      nachname: 'Hopper',
      phone: '0301234567',
      email: 'grace at navy',
    })
    expect(booked.body).toMatchObject({ outcome: 'BOOKED', name: 'Grace Hopper' })
    expect(await appointmentsOf(call)).toMatchObject([
      { origin: 'VOICE_AGENT', status: 'CONFIRMED', guest: { phone: call.number, email: null } },
    ])
    const [appointment] = await appointmentsOf(call)
    expect(appointment?.notes).toContain('0301234567')
    expect(appointment?.notes).toContain('graceatnavy')
    const [event] = await gateway.db
      .sql`select actor, origin from appointment_events where appointment_id = ${appointment?.id}`
    expect(event).toEqual({ actor: 'voice agent', origin: 'VOICE_AGENT' })
  })

  it.each([undefined, '', 'None', '{{customer_name}}', 'unknown', 'Anonymous'])(
    'asks for the name instead of %j',
    async (name) => {
      const reply = await newCall().invoke('book_appointment', { ...haircut, ...freeStart(), name })
      expect(reply.body).toMatchObject({ success: false, outcome: 'MISSING_NAME' })
    },
  )

  it('books callers who withhold their number, each a customer of their own', async () => {
    for (const from of ['anonymous', 'anonymous', null]) {
      const call = gateway.retell.call({ from })
      const reply = await call.invoke('book_appointment', { ...haircut, ...freeStart(), name: 'Nemo' })
      expect(reply.body.outcome).toBe('BOOKED')
    }
    const rows = await gateway.db.sql`select phone from customers where name = 'Nemo'`
    expect(rows).toEqual([{ phone: null }, { phone: null }, { phone: null }])
  })

  it('takes the number that was said where the carrier tells none, and asks again for one that cannot be read', async () => {
    const call = gateway.retell.call({ from: 'anonymous' })
    const args = { ...haircut, ...freeStart(), name: 'Nemo Zwei' }
    expect((await call.invoke('book_appointment', { ...args, phone: '12' })).body.outcome).toBe('UNCLEAR_PHONE')
    expect((await call.invoke('book_appointment', { ...args, phone: '030 23125 000' })).body.outcome).toBe('BOOKED')
    expect(await gateway.db.sql`select from customers where phone = '+493023125000'`).toHaveLength(1)
  })

  it.each([
    { date: 'nächste Woche', time: '' },
    { date: 'morgen', time: 'nachmittags' },
    { date: 'morgen', time: 'gegen 14 Uhr' },
    { date: '2023-11-19', time: '14:00' },
    {},
  ])('books nothing on a guess: %j', async (args) => {
    const call = newCall()
    const reply = await call.invoke('book_appointment', { ...haircut, ...args, name: 'Ada' })
    expect(reply.body.success).toBe(false)
    expect(['UNCLEAR_TIME', 'PAST_TIME']).toContain(reply.body.outcome)
    expect(await appointmentsOf(call)).toHaveLength(0)
  })

  it('tells what is free instead when the time is taken', async () => {
    const slot = freeStart()
    for (const call of [newCall(), newCall()])
      await call.invoke('book_appointment', { ...haircut, ...slot, name: 'Ada' })
    const reply = await newCall().invoke('book_appointment', { ...haircut, ...slot, name: 'Late' })
    expect(reply).toMatchObject({
      status: 200,
      body: { success: false, outcome: 'NOT_FREE', reasons: ['ALREADY_BOOKED'] },
    })
    expect((reply.body.alternatives as unknown[]).length).toBeGreaterThan(0)
  })

  it('books the slot when the hold has expired and nobody took it', async () => {
    const call = newCall()
    const slot = freeStart()
    await call.invoke('hold_slot', { ...haircut, ...slot })
    await gateway.db.sql.begin((sql) => [
      sql`update holds set expires_at = clock_timestamp() where session_key = ${call.callId}`,
      sql`update claims set expires_at = clock_timestamp() where hold_id in (select id from holds where session_key = ${call.callId})`,
    ])
    expect((await call.invoke('book_appointment', { ...haircut, ...slot, name: 'Ada' })).body.outcome).toBe('BOOKED')
  })
})

describe('the same function again', () => {
  it('is answered once per tool call id, at once or later', async () => {
    const call = newCall()
    const args = { ...haircut, ...freeStart(), name: 'Ada' }
    const replies = await Promise.all(
      Array.from({ length: 4 }, () => call.invoke('book_appointment', args, { toolCallId: 'tool_twice' })),
    )
    replies.push(await call.invoke('book_appointment', args, { toolCallId: 'tool_twice' }))
    expect(new Set(replies.map(({ body }) => JSON.stringify(body))).size).toBe(1)
    expect(await appointmentsOf(call)).toHaveLength(1)
  })

  it('is done and answered once by two gateways that get it at once, many times over', async () => {
    const person = await addResource(gateway, { name: 'Una', weeklyHours: ALWAYS_OPEN })
    const { id } = await addService(gateway, [staffed([person.id])])
    await gateway.db.sql`update services set name = 'Una' where id = ${id}`
    await using twin = await gateway.openTwin()
    for (let round = 0; round < 8; round++) {
      const call = newCall()
      const slot = { service: 'Una', ...freeStart() }
      const both = async (name: string, args: object) => {
        const body = toolCall(call, name, args)
        const replies = await Promise.all([gateway.retell, twin.retell].map((door) => door.send('functions', body)))
        replies.push(await twin.retell.send('functions', body))
        expect(new Set(replies.map((reply) => JSON.stringify(reply.body))).size).toBe(1)
        return replies[0]?.body
      }
      // Both people are taken: the alternatives are what a second attempt would take more of.
      for (const rival of [newCall(), newCall()]) await rival.invoke('hold_slot', { ...haircut, ...slot })
      expect(await both('hold_slot', { ...haircut, ...slot, hold_alternative: true })).toMatchObject({
        outcome: 'HELD',
      })
      expect(await gateway.db.sql`select from holds where session_key = ${call.callId}`).toHaveLength(1)
      expect(await both('book_appointment', { name: 'Ada' })).toMatchObject({ outcome: 'BOOKED' })
      expect(await appointmentsOf(call)).toHaveLength(1)
    }
  })

  it('does not hold again for a late retry of a tool call whose hold was given up', async () => {
    const call = newCall()
    const body = toolCall(call, 'hold_slot', { ...haircut, ...freeStart() })
    const held = await gateway.retell.send('functions', body)
    expect((await call.invoke('release_slot', {})).body.released).toBe(1)
    expect(await gateway.retell.send('functions', body)).toEqual(held)
    expect(
      await gateway.db.sql`select from holds where session_key = ${call.callId} and status = 'ACTIVE'`,
    ).toHaveLength(0)
  })

  it('is answered once for the same arguments in any order where no tool call is named', async () => {
    const call = newCall()
    const slot = freeStart()
    const one = await call.invoke('book_appointment', { ...haircut, ...slot, name: 'Ada' }, { toolCallId: null })
    const two = await call.invoke('book_appointment', { name: 'Ada', ...slot, ...haircut }, { toolCallId: null })
    expect(two.body).toEqual(one.body)
    expect(await appointmentsOf(call)).toHaveLength(1)
  })

  it('is not taken for a retry because of a tool call with another name', async () => {
    const call = newCall()
    const transcript = [{ role: 'tool_call_invocation', tool_call_id: 'tool_other', name: 'end_call', arguments: '{}' }]
    const body = {
      name: 'hold_slot',
      args: { ...haircut, ...freeStart() },
      call: { ...call.object, transcript_with_tool_calls: transcript },
    }
    await gateway.retell.send('functions', body)
    const rows = await gateway.db.sql`select key from call_functions where provider_call_id = ${call.callId}`
    expect(rows[0]?.key).toMatch(/^arguments:hold_slot:/)
  })

  it('in another tool call books one wish once, in the same words or others', async () => {
    const call = newCall()
    const slot = freeStart()
    const args = { ...haircut, ...slot, name: 'Björn Müller' }
    const first = await call.invoke('book_appointment', args)
    const second = await call.invoke('book_appointment', { ...args, name: 'bjoern mueller', notes: 'again' })
    expect(second.body).toMatchObject({ outcome: 'BOOKED', appointmentId: first.body.appointmentId })
    // One number, two people, one time: only where it is said to be meant.
    const lena = { ...args, name: 'Lena Müller' }
    expect((await call.invoke('book_appointment', lena)).body.outcome).toBe('ANOTHER_APPOINTMENT')
    expect(await appointmentsOf(call)).toHaveLength(1)
    const [third, fourth] = await Promise.all([
      call.invoke('book_appointment', { ...lena, another_person: true, notes: '1' }),
      call.invoke('book_appointment', { ...lena, another_person: true, notes: '2' }),
    ])
    expect(third.body.appointmentId).toBe(fourth.body.appointmentId)
    expect(third.body.appointmentId).not.toBe(first.body.appointmentId)
    expect(await appointmentsOf(call)).toHaveLength(2)
  })

  it('books anew what was given up in between', async () => {
    const call = newCall()
    const args = { ...haircut, ...freeStart(), name: 'Ada' }
    for (const toolCallId of ['a', null]) {
      const options = { toolCallId: toolCallId && `tool_${call.callId}_${toolCallId}` }
      expect((await call.invoke('book_appointment', args, options)).body.outcome).toBe('BOOKED')
      expect(
        (
          await call.invoke(
            'cancel_appointment',
            { notes: String(toolCallId) },
            options.toolCallId ? {} : { toolCallId: null },
          )
        ).body.outcome,
      ).toBe('CANCELLED')
    }
    expect((await call.invoke('book_appointment', args)).body.outcome).toBe('BOOKED')
    expect((await appointmentsOf(call)).map(({ status }) => status)).toEqual(['CANCELLED', 'CANCELLED', 'CONFIRMED'])
  })

  it('does not tell "held" from memory once the hold was given up', async () => {
    const call = newCall()
    const args = { ...haircut, ...freeStart() }
    const options = { toolCallId: null }
    const held = await call.invoke('hold_slot', args, options)
    await call.invoke('release_slot', {}, options)
    const again = await call.invoke('hold_slot', args, options)
    expect(again.body.outcome).toBe('HELD')
    expect(again.body.holdId).not.toBe(held.body.holdId)
  })

  it('cancels one appointment, not the next one in the list', async () => {
    const call = newCall()
    await call.invoke('book_appointment', { ...haircut, ...freeStart(), name: 'Ada' })
    const doomed = freeStart()
    await call.invoke('book_appointment', { ...haircut, ...doomed, name: 'Ada' })
    expect((await call.invoke('cancel_appointment', {})).body.outcome).toBe('UNCLEAR_APPOINTMENT')
    const first = await call.invoke('cancel_appointment', doomed)
    const second = await call.invoke('cancel_appointment', doomed)
    const vague = await call.invoke('cancel_appointment', {})
    for (const reply of [first, second, vague]) {
      expect(reply.body).toMatchObject({ outcome: 'CANCELLED', appointmentId: first.body.appointmentId })
    }
    expect((await appointmentsOf(call)).map(({ status }) => status).sort()).toEqual(['CANCELLED', 'CONFIRMED'])
  })
})

describe('whoever calls', () => {
  it('hears of their own appointments only', async () => {
    const [mine, other] = [newCall(), newCall()]
    const slot = freeStart()
    const booked = await mine.invoke('book_appointment', { ...haircut, ...slot, name: 'Ada Lovelace' })
    expect((await other.invoke('find_appointments', {})).body.outcome).toBe('NOT_FOUND')
    expect((await other.invoke('find_appointments', { name: 'Ada Lovelace' })).body.outcome).toBe('NOT_FOUND')
    expect((await other.invoke('find_appointments', { name: 'Eve', phone: mine.number })).body.outcome).toBe(
      'NOT_FOUND',
    )
    const stolen = { appointment_id: booked.body.appointmentId, ...slot }
    expect((await other.invoke('cancel_appointment', stolen)).body.outcome).toBe('NOT_FOUND')
    expect(
      (await other.invoke('reschedule_appointment', { ...stolen, new_date: 'übermorgen', new_time: '7:00' })).body
        .success,
    ).toBe(false)
    const named = await other.invoke('find_appointments', { name: 'Lovelace', phone: mine.number })
    expect(named.body.outcome).toBe('FOUND')
    expect((await appointmentsOf(mine))[0]).toMatchObject({ status: 'CONFIRMED', version: 1 })
  })

  it('with a withheld number hears of what this call booked, and of nobody else', async () => {
    const [call, stranger] = [gateway.retell.call({ from: 'anonymous' }), gateway.retell.call({ from: 'anonymous' })]
    await call.invoke('book_appointment', { ...haircut, ...freeStart(), name: 'Nemo' })
    expect((await call.invoke('find_appointments', {})).body.outcome).toBe('FOUND')
    expect((await stranger.invoke('find_appointments', { name: 'Nemo', phone: 'anonymous' })).body.outcome).toBe(
      'NOT_FOUND',
    )
    expect((await call.invoke('cancel_appointment', {})).body.outcome).toBe('CANCELLED')
  })

  it('is a guest: the policy binds, whatever key the agent has', async () => {
    const call = newCall()
    const slot = freeStart()
    await call.invoke('book_appointment', { ...haircut, ...slot, name: 'Ada' })
    const policy = (expectedVersion: number, cancelNoticeMinutes: number) =>
      gateway.write((tx) =>
        updatePolicy(tx, {
          scope: 'ORGANIZATION',
          scopeId: tx.organizationId,
          expectedVersion,
          cancelNoticeMinutes,
          rescheduleNoticeMinutes: cancelNoticeMinutes,
          maxReschedules: null,
        }),
      )
    await policy(0, 525_600)
    const refused = await call.invoke('cancel_appointment', {})
    expect(refused).toMatchObject({ status: 200, body: { success: false, outcome: 'POLICY_FORBIDS' } })
    expect(refused.body.message).toContain('abgesagt')
    const stayed = await call.invoke('reschedule_appointment', {
      new_date: 'übermorgen',
      new_time: '6:00 Uhr nachmittags',
    })
    expect(stayed.body.success).toBe(false)
    const moved = await call.invoke('reschedule_appointment', { new_date: slot.date, new_time: '21:30' })
    expect(moved.body.outcome).toBe('POLICY_FORBIDS')
    await policy(1, 0)
    expect((await call.invoke('cancel_appointment', {})).body.outcome).toBe('CANCELLED')
    const rows = await gateway.db.sql`
      select policy_overridden from appointment_events where appointment_id = ${(await appointmentsOf(call))[0]?.id} and kind = 'CANCELLED'`
    expect(rows).toEqual([{ policy_overridden: false }])
  })

  it('moves an appointment to a time that the conversation holds', async () => {
    const soloId = (await addResource(gateway, { name: 'Einzig', weeklyHours: ALWAYS_OPEN })).id
    const service = await addService(gateway, [staffed([soloId])])
    await gateway.db.sql`update services set name = 'Einzelbehandlung' where id = ${service.id}`
    const call = newCall()
    const { date } = freeStart()
    await call.invoke('book_appointment', { service: 'Einzelbehandlung', date, time: '10:00', name: 'Ada' })
    await call.invoke('hold_slot', { service: 'Einzelbehandlung', date, time: '15:00' })
    const moved = await call.invoke('reschedule_appointment', {
      old_date: date,
      old_time: '10:00',
      new_date: date,
      new_time: '15:00',
    })
    expect(moved.body.outcome).toBe('RESCHEDULED')
    const again = await call.invoke('reschedule_appointment', {
      old_date: date,
      old_time: '10:00',
      new_date: date,
      new_time: '15:00',
    })
    expect(again.body).toMatchObject({ outcome: 'RESCHEDULED', appointmentId: moved.body.appointmentId })
    expect((await appointmentsOf(call))[0]).toMatchObject({ version: 2 })
  })

  it('learns what is now true when somebody else was faster', async () => {
    const call = newCall()
    await call.invoke('book_appointment', { ...haircut, ...freeStart(), name: 'Ada' })
    const [appointment] = await appointmentsOf(call)
    await rescheduleAppointment(gateway.lane, {
      caller: gateway.caller,
      appointmentId: appointment?.id,
      expectedVersion: 1,
      startsAt: Number(appointment?.starts_at) + 20 * 3_600_000,
      holdId: null,
      resourceIds: [],
      reason: null,
      idempotencyKey: null,
    })
    const reply = await call.invoke('cancel_appointment', {})
    expect(reply.body.outcome).toBe('CANCELLED')
    expect((await appointmentsOf(call))[0]).toMatchObject({ status: 'CANCELLED', version: 3 })
  })
})

describe('the language', () => {
  it("is the integration's", async () => {
    await gateway.db
      .sql`update integrations set settings = settings || '{"language":"en"}' where id = ${gateway.integrationId}`
    const english = await gateway.openTwin()
    const reply = await english.retell
      .call({ from: '+491700000099' })
      .invoke('check_availability', { ...haircut, date: 'tomorrow', time: 'half past two' })
    expect(reply.body.message).toMatch(/^Haircut on \w+, \w+ \d+ at 2:30 PM is free\.$/)
    await english[Symbol.asyncDispose]()
    await gateway.db
      .sql`update integrations set settings = settings || '{"language":"de"}' where id = ${gateway.integrationId}`
  })
})

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { FakeCall } from '../support/fake-retell.ts'
import { openRetellGateway, type RetellGateway } from '../support/retell-gateway.ts'
import { countOverlaps } from '../support/salon.ts'

let gateway: RetellGateway
beforeAll(async () => {
  gateway = await openRetellGateway({ people: 3 })
  // A gateway that dies at a step leaves what the database has committed by then: a statement that fails does the same.
  await gateway.db.sql.unsafe(`
    create table crashes (step text primary key);
    create function crash() returns trigger language plpgsql security definer as $$
    begin
      if exists (select from crashes where step = tg_argv[0]) then raise 'crashed at %', tg_argv[0]; end if;
      return new;
    end $$;
    create trigger start after insert on call_functions for each row when (new.answer is null) execute function crash('start');
    create trigger answer_at_once after insert on call_functions for each row when (new.answer is not null)
      execute function crash('answer');
    create trigger hold after insert on holds for each row execute function crash('hold');
    create trigger book after insert on appointments for each row execute function crash('book');
    create trigger change after insert on appointment_events for each row execute function crash('change');
    create trigger release after update on holds for each row execute function crash('release');
    create trigger answer after update on call_functions for each row execute function crash('answer');`)
})
afterAll(() => gateway[Symbol.asyncDispose]())

let numbers = 0
function newCall(): FakeCall & { number: string } {
  const number = `+49170${String(6_000_000 + ++numbers)}`
  return { ...gateway.retell.call({ from: number }), number }
}

function slotAt(hour: number): { date: string; time: string } {
  const date = Temporal.Now.plainDateISO('Europe/Berlin').add({ days: 5 + Math.floor(numbers / 3) })
  return { date: date.toString(), time: `${hour}:00` }
}

/** The function fails at the step, then Retell tries again: to this gateway or to another one. */
async function crashAndRetry(step: string, call: FakeCall, name: string, args: object, isToolCall = true) {
  const toolCallId = isToolCall ? `tool_${step}_${name}_${call.callId}` : null
  await gateway.db.sql`insert into crashes values (${step})`
  const broken = await call.invoke(name, args, { toolCallId })
  await gateway.db.sql`delete from crashes`
  expect(broken.status).toBe(503)
  return call.invoke(name, args, { toolCallId })
}

async function countAppointments({ number }: { number: string }) {
  const rows = await gateway.db.sql`
    select status, version from appointments a join customers c on c.id = a.customer_id where c.phone = ${number}`
  return rows.map(({ status, version }) => `${status} ${version}`)
}

describe('a gateway that dies between two steps', () => {
  it.each([
    ['hold', true],
    ['answer', true],
    ['start', false],
    ['hold', false],
    ['answer', false],
  ])('has held once after the retry (%s, named by a tool call: %s)', async (step, isToolCall) => {
    const call = newCall()
    const reply = await crashAndRetry(step, call, 'hold_slot', slotAt(9), isToolCall)
    expect(reply.body.outcome).toBe('HELD')
    expect(await gateway.db.sql`select from holds where session_key = ${call.callId}`).toHaveLength(1)
  })

  it.each([
    ['book', true],
    ['answer', true],
    ['start', false],
    ['book', false],
    ['answer', false],
  ])('has booked once after the retry (%s, named by a tool call: %s)', async (step, isToolCall) => {
    for (const [hour, holds] of [[10, true] as const, [11, false] as const]) {
      const call = newCall()
      if (holds) await call.invoke('hold_slot', slotAt(hour))
      const args = { name: 'Ada', ...slotAt(hour) }
      const reply = await crashAndRetry(step, call, 'book_appointment', args, isToolCall)
      expect(reply.body.outcome).toBe('BOOKED')
      expect(await countAppointments(call)).toEqual(['CONFIRMED 1'])
    }
  })

  it('has claimed nothing for a tool call whose answer was not stored', async () => {
    const call = newCall()
    await gateway.db.sql`insert into crashes values ('answer')`
    expect((await call.invoke('hold_slot', { ...slotAt(16), hold_alternative: true })).status).toBe(503)
    expect((await call.invoke('book_appointment', { name: 'Ada', ...slotAt(16) })).status).toBe(503)
    await gateway.db.sql`delete from crashes`
    expect(await gateway.db.sql`select from holds where session_key = ${call.callId}`).toHaveLength(0)
    expect(await countAppointments(call)).toEqual([])
  })

  it.each(['start', 'change', 'answer'])('has moved once after the retry (%s)', async (step) => {
    const call = newCall()
    await call.invoke('book_appointment', { name: 'Ada', ...slotAt(12) })
    const { date, time } = slotAt(12)
    const args = { old_date: date, old_time: time, new_date: date, new_time: '18:00' }
    const reply = await crashAndRetry(step, call, 'reschedule_appointment', args)
    expect(reply.body.outcome).toBe('RESCHEDULED')
    expect(await countAppointments(call)).toEqual(['CONFIRMED 2'])
  })

  it.each(['start', 'change', 'answer'])('has cancelled once after the retry (%s)', async (step) => {
    const call = newCall()
    await call.invoke('book_appointment', { name: 'Ada', ...slotAt(13) })
    const reply = await crashAndRetry(step, call, 'cancel_appointment', {})
    expect(reply.body.outcome).toBe('CANCELLED')
    expect(await countAppointments(call)).toEqual(['CANCELLED 2'])
  })

  it.each(['start', 'release', 'answer'])('has released after the retry (%s)', async (step) => {
    const call = newCall()
    await call.invoke('hold_slot', slotAt(14))
    const reply = await crashAndRetry(step, call, 'release_slot', {})
    expect(reply.body).toMatchObject({ success: true, outcome: 'RELEASED' })
    expect(await gateway.db.sql`select status from holds where session_key = ${call.callId}`).toEqual([
      { status: 'RELEASED' },
    ])
  })

  it('reads "tomorrow" in the retry as it was meant at first', async () => {
    const call = newCall()
    const args = { name: 'Ada', date: 'übermorgen', time: '15 Uhr' }
    await gateway.db.sql`insert into crashes values ('answer')`
    await call.invoke('book_appointment', args, { toolCallId: null })
    await gateway.db.sql`delete from crashes`
    // The first attempt was a day ago; what it booked then is what the retry is about.
    await gateway.db.sql`
      update call_functions set started_at = started_at - interval '1 day' where provider_call_id = ${call.callId}`
    const tomorrow = Temporal.Now.plainDateISO('Europe/Berlin').add({ days: 1 }).toString()
    const retry = await call.invoke('book_appointment', args, { toolCallId: null })
    expect((retry.body.slots as { startsAt: string }[])[0]?.startsAt.slice(0, 10)).toBe(tomorrow)
  })

  it('leaves no trace of double work', async () => {
    expect(await countOverlaps(gateway.db)).toBe(0)
    const twice = await gateway.db.sql`
      select from call_functions where appointment_id is not null and function = 'book_appointment'
      group by appointment_id having count(*) > 1`
    expect(twice).toHaveLength(0)
  })
})

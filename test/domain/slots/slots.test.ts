import { expect, test } from 'vitest'
import { claimWindow, findSlots, nextChangeAt, type SlotSearch } from '../../../src/domain/slots/slots.ts'
import type { ResourceState, ServiceDefinition } from '../../../src/domain/vocabulary/types.ts'
import {
  at,
  claim,
  everyDay,
  heldUntil,
  hour,
  minute,
  resource,
  rooms,
  segment,
  service,
  staff,
  statesOf,
} from '../../support/slot-builders.ts'

const cut = service([segment(60, [staff('anna', 'ben')])])

function search(definition: ServiceDefinition, states: ResourceState[], parts: Partial<SlotSearch> = {}): SlotSearch {
  return {
    service: definition,
    resources: statesOf(...states),
    from: at('2027-03-01T00:00+01:00'),
    to: at('2027-03-02T00:00+01:00'),
    now: at('2027-02-28T12:00+01:00'),
    ...parts,
  }
}

/** The slots as '09:00 anna ben', in Berlin. */
function listed(input: SlotSearch): string[] {
  return findSlots(input).map((slot) => {
    const time = Temporal.Instant.fromEpochMilliseconds(slot.startsAt).toZonedDateTimeISO('Europe/Berlin').toPlainTime()
    const candidates = slot.segments.map((each) => each.candidateIds.join(' ')).join(' | ')
    return `${time.toString({ smallestUnit: 'minute' })} ${candidates}`
  })
}

const morning = { weeklyHours: everyDay('09:00-11:00') }

test('a slot lists everyone who could serve it, and the service fits into the hours', () => {
  expect(
    listed(search(cut, [resource('anna', morning), resource('ben', { weeklyHours: everyDay('10:00-11:00') })])),
  ).toEqual(['09:00 anna', '09:30 anna', '10:00 anna ben'])
})

test('a slot carries the times and names of its segments', () => {
  const perm = service([segment(30, [staff('anna')], { name: 'apply' }), segment(15, [], { name: 'wait' })])
  const startsAt = at('2027-03-01T09:00+01:00')
  expect(findSlots(search(perm, [resource('anna', { weeklyHours: everyDay('09:00-09:30') })]))).toEqual([
    {
      startsAt,
      endsAt: startsAt + 45 * minute,
      segments: [
        { name: 'apply', startsAt, endsAt: startsAt + 30 * minute, candidateIds: ['anna'] },
        { name: 'wait', startsAt: startsAt + 30 * minute, endsAt: startsAt + 45 * minute, candidateIds: [] },
      ],
    },
  ])
})

test('a taken range closes every start whose claim would touch it, buffers included, and no other', () => {
  const buffered = service([segment(30, [staff('anna')], { bufferBeforeMinutes: 15, bufferAfterMinutes: 15 })])
  const taken = claim('2027-03-01T11:00+01:00', '2027-03-01T11:30+01:00')
  const anna = resource('anna', { weeklyHours: everyDay('09:30-13:00'), claims: [taken] })
  expect(listed(search(buffered, [anna]))).toEqual(['09:30 anna', '10:00 anna', '12:00 anna', '12:30 anna'])
})

test('buffers may lie outside the hours, the segment may not', () => {
  const buffered = service([segment(60, [staff('anna')], { bufferBeforeMinutes: 30, bufferAfterMinutes: 30 })])
  expect(listed(search(buffered, [resource('anna', { weeklyHours: everyDay('09:00-10:00') })]))).toEqual(['09:00 anna'])
})

test('time off and outside calendars close starts like claims do', () => {
  const range = { start: at('2027-03-01T09:00+01:00'), end: at('2027-03-01T09:30+01:00') }
  const away = resource('anna', { ...morning, timeOff: [{ ...range, id: 'off', reason: null }] })
  const busy = resource('ben', { ...morning, busy: [{ ...range, id: 'busy', resourceId: 'ben' }] })
  expect(listed(search(cut, [away, busy]))).toEqual(['09:30 anna ben', '10:00 anna ben'])
})

test('an empty range takes nothing', () => {
  const moment = { start: at('2027-03-01T09:15+01:00'), end: at('2027-03-01T09:15+01:00') }
  const anna = resource('anna', { ...morning, busy: [{ ...moment, id: 'busy', resourceId: 'anna' }] })
  expect(listed(search(cut, [anna]))).toEqual(['09:00 anna', '09:30 anna', '10:00 anna'])
})

test('a hold closes its starts until the instant it expires', () => {
  const anna = resource('anna', {
    ...morning,
    claims: [heldUntil('2027-03-01T08:00+01:00', '2027-03-01T09:00+01:00', '2027-03-01T10:00+01:00')],
  })
  const at8 = at('2027-03-01T08:00+01:00')
  expect(listed(search(cut, [anna], { now: at8 - 1 }))).toEqual(['10:00 anna'])
  expect(listed(search(cut, [anna], { now: at8 }))).toEqual(['09:00 anna', '09:30 anna', '10:00 anna'])
})

test('from is in, to is out', () => {
  const input = search(cut, [resource('anna', morning)], {
    from: at('2027-03-01T09:30+01:00'),
    to: at('2027-03-01T10:00+01:00'),
  })
  expect(listed(input)).toEqual(['09:30 anna'])
})

test('nothing is offered of an inactive service, by inactive resources or by unknown ones', () => {
  expect(listed(search({ ...cut, active: false }, [resource('anna', morning)]))).toEqual([])
  expect(listed(search(cut, [resource('anna', { ...morning, active: false }), resource('cleo', morning)]))).toEqual([])
})

test('nothing is offered in the past, within the notice or past the horizon', () => {
  const anna = resource('anna', morning)
  const now = at('2027-03-01T09:00+01:00')
  expect(listed(search(cut, [anna], { now }))).toEqual(['09:00 anna', '09:30 anna', '10:00 anna'])
  expect(listed(search(cut, [anna], { now: now + 1 }))).toEqual(['09:30 anna', '10:00 anna'])
  expect(listed(search({ ...cut, minimumNoticeMinutes: 30 }, [anna], { now }))).toEqual(['09:30 anna', '10:00 anna'])
  const twoDays = { to: at('2027-03-03T00:00+01:00'), now }
  expect(findSlots(search({ ...cut, bookingHorizonDays: 0 }, [anna], twoDays))).toHaveLength(3)
  expect(findSlots(search({ ...cut, bookingHorizonDays: 1 }, [anna], twoDays))).toHaveLength(6)
})

test('a group that names a wanted resource is narrowed, the others stay', () => {
  const withRoom = service([segment(60, [staff('anna', 'ben'), rooms('room 1', 'room 2')])])
  const all = [
    resource('anna', morning),
    resource('ben', morning),
    resource('cleo', morning),
    resource('room 1', { ...morning, kind: 'ROOM' }),
    resource('room 2', { ...morning, kind: 'ROOM' }),
    resource('room 3', { ...morning, kind: 'ROOM' }),
  ]
  const candidates = (...resourceIds: string[]) =>
    findSlots(search(withRoom, all, { resourceIds }))[0]?.segments[0]?.candidateIds ?? null
  expect(candidates('ben')).toEqual(['ben', 'room 1', 'room 2'])
  expect(candidates('ben', 'room 2')).toEqual(['ben', 'room 2'])
  expect(candidates('cleo', 'anna')).toEqual(['anna', 'room 1', 'room 2'])
  expect(candidates('cleo')).toBeNull()
  expect(candidates('anna', 'room 3')).toBeNull()
  expect(candidates('unknown')).toBeNull()
  expect(candidates()).toEqual(['anna', 'ben', 'room 1', 'room 2'])
})

test('who is free for one segment only is no candidate when the same person must serve both', () => {
  const perm = service([
    segment(60, [staff('anna', 'ben')]),
    segment(60, [staff('anna', 'ben')], { sameStaffAsPrevious: true }),
  ])
  const ben = resource('ben', { weeklyHours: everyDay('09:00-10:00') })
  expect(listed(search(perm, [resource('anna', morning), ben]))).toEqual(['09:00 anna | anna'])
})

test('during a processing gap others can be served', () => {
  const perm = service([segment(60, [staff('anna')]), segment(60, []), segment(60, [staff('anna')])])
  const anna = resource('anna', {
    weeklyHours: everyDay('09:00-12:00'),
    claims: [claim('2027-03-01T10:00+01:00', '2027-03-01T11:00+01:00')],
  })
  expect(listed(search(perm, [anna]))).toEqual(['09:00 anna |  | anna'])
})

test('the claim window covers buffers and the full duration', () => {
  const perm = service([
    segment(30, [staff('anna')], { bufferBeforeMinutes: 10 }),
    segment(30, [staff('anna')], { bufferAfterMinutes: 45 }),
    segment(20, []),
  ])
  expect(claimWindow(perm, hour, 2 * hour)).toEqual({ start: 50 * minute, end: 2 * hour + 105 * minute })
})

test('the next change is the first of: a slot drops out of notice, a hold expires, midnight moves the horizon', () => {
  const next = (definition: ServiceDefinition, state: ResourceState, parts: Partial<SlotSearch> = {}) => {
    const input = search(definition, [state], parts)
    return nextChangeAt({ ...input, slots: findSlots(input) })
  }
  const noticed = { ...cut, minimumNoticeMinutes: 60 }
  expect(next(noticed, resource('anna', morning))).toBe(at('2027-03-01T08:00+01:00') + 1)
  const hold = heldUntil('2027-02-28T12:05+01:00', '2027-03-01T09:00+01:00', '2027-03-01T10:00+01:00')
  expect(next(noticed, resource('anna', { ...morning, claims: [hold] }))).toBe(at('2027-02-28T12:05+01:00'))
  const elsewhere = heldUntil('2027-02-28T12:05+01:00', '2027-03-05T09:00+01:00', '2027-03-05T10:00+01:00')
  expect(next(noticed, resource('anna', { ...morning, claims: [elsewhere] }))).toBe(at('2027-03-01T08:00+01:00') + 1)
  const today = { ...cut, bookingHorizonDays: 0 }
  expect(next(today, resource('anna', morning))).toBe(at('2027-03-01T00:00+01:00'))
  const later = { from: at('2027-03-10T00:00+01:00'), to: at('2027-03-11T00:00+01:00') }
  expect(next(today, resource('anna', morning), later)).toBe(at('2027-03-10T00:00+01:00'))
  expect(next({ ...cut, active: false }, resource('anna', morning))).toBeNull()
  expect(next(cut, resource('anna', { weeklyHours: [] }))).toBeNull()
})

test('fifty resources over 31 days take milliseconds', () => {
  const from = at('2027-03-01T00:00+01:00')
  const states = Array.from({ length: 50 }, (_, index) => {
    const claims = Array.from({ length: 31 * 6 }, (_, position) => {
      const start = from + Math.floor(position / 6) * 24 * hour + (9 + (position % 6) + (index % 3) / 4) * hour
      return { ...claim('2027-03-01T00:00Z', '2027-03-01T00:00Z'), start, end: start + 30 * minute }
    })
    return resource(`person ${index}`, { claims })
  })
  const pool = service([segment(30, [staff(...states.map((state) => state.schedule.resourceId))])], {
    slotIntervalMinutes: 15,
  })
  const input = search(pool, states, { to: from + 31 * 24 * hour })
  const timings = Array.from({ length: 15 }, () => {
    const startedAt = performance.now()
    expect(findSlots(input).length).toBeGreaterThan(500)
    return performance.now() - startedAt
  })
  // A few milliseconds alone; the bound only catches an engine that tests start by start, on a busy machine too.
  expect(Math.min(...timings)).toBeLessThan(25)
})

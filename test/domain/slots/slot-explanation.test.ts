import { expect, test } from 'vitest'
import { explainStart, type StartQuestion } from '../../../src/domain/slots/slot-explanation.ts'
import type { ResourceState, ServiceDefinition, SlotBlock } from '../../../src/domain/vocabulary/types.ts'
import {
  at,
  claim,
  everyDay,
  heldUntil,
  resource,
  rooms,
  segment,
  service,
  staff,
  statesOf,
} from '../../support/slot-builders.ts'

const cut = service([segment(60, [staff('anna')])])
const pool = service([segment(60, [staff('anna', 'ben')])])
const nine = '2027-03-01T09:00+01:00'
const ten = '2027-03-01T10:00+01:00'

function explain(
  definition: ServiceDefinition,
  states: ResourceState[],
  parts: Partial<StartQuestion> = {},
): SlotBlock[] {
  return explainStart({
    service: definition,
    resources: statesOf(...states),
    startsAt: at(nine),
    now: at('2027-02-28T12:00+01:00'),
    ...parts,
  })
}

/** The blocks as 'HELD anna 2027-03-01T09:00Z'. */
function brief(blocks: SlotBlock[]): string[] {
  return blocks.map(({ reason, resourceId, until }) =>
    [
      reason,
      resourceId,
      until === null ? null : Temporal.Instant.fromEpochMilliseconds(until).toString({ smallestUnit: 'minute' }),
    ]
      .filter((part) => part !== null)
      .join(' '),
  )
}

test('an open start has no reasons', () => {
  expect(explain(cut, [resource('anna')])).toEqual([])
})

test('a start in the past, too soon, too far or off the grid says so', () => {
  const anna = resource('anna')
  expect(brief(explain(cut, [anna], { now: at(nine) + 1 }))).toEqual(['IN_THE_PAST'])
  const noticed = { ...cut, minimumNoticeMinutes: 120 }
  expect(brief(explain(noticed, [anna], { now: at('2027-03-01T08:00+01:00') }))).toEqual(['TOO_SOON'])
  expect(brief(explain(noticed, [anna], { now: at(ten) }))).toEqual(['IN_THE_PAST', 'TOO_SOON'])
  expect(brief(explain({ ...cut, bookingHorizonDays: 0 }, [anna]))).toEqual(['TOO_FAR 2027-02-28T23:00Z'])
  expect(brief(explain(cut, [anna], { startsAt: at('2027-03-01T09:10+01:00') }))).toEqual(['OFF_GRID'])
})

test('every rule that says no is named, not only the first', () => {
  const anna = resource('anna', {
    weeklyHours: everyDay('10:00-12:00'),
    claims: [claim(nine, ten), heldUntil('2027-02-28T12:03+01:00', nine, ten)],
    timeOff: [{ id: 'off', reason: 'dentist', start: at(nine), end: at('2027-03-01T09:30+01:00') }],
    busy: [{ id: 'busy', resourceId: 'anna', start: at(nine), end: at('2027-03-01T11:00+01:00') }],
  })
  const blocks = explain({ ...cut, active: false }, [anna], { startsAt: at('2027-03-01T09:10+01:00') })
  expect(brief(blocks)).toEqual([
    'INACTIVE',
    'OFF_GRID',
    'OUTSIDE_HOURS anna 2027-03-01T09:00Z',
    'TIME_OFF anna 2027-03-01T08:30Z',
    'ALREADY_BOOKED anna 2027-03-01T09:00Z',
    'HELD anna 2027-02-28T11:03Z',
    'EXTERNAL_BUSY anna 2027-03-01T10:00Z',
  ])
})

test('the sentences tell nothing about other customers or why somebody is away', () => {
  const anna = resource('anna', {
    claims: [claim(nine, ten, { id: 'secret claim', appointmentId: 'secret appointment' })],
    timeOff: [{ id: 'off', reason: 'secret operation', start: at(nine), end: at(ten) }],
  })
  for (const { message } of explain(cut, [anna])) {
    expect(message).toMatch(/^[A-Z].*\.$|^anna .*\.$/)
    expect(message).not.toContain('secret')
  }
})

test('a dead hold is no reason', () => {
  const anna = resource('anna', { claims: [heldUntil('2027-02-28T12:00+01:00', nine, ten)] })
  expect(explain(cut, [anna])).toEqual([])
})

test('a claim that is to be ignored is no reason', () => {
  const anna = resource('anna', { claims: [claim(nine, ten, { appointmentId: 'own' })] })
  expect(brief(explain(cut, [anna]))).toEqual(['ALREADY_BOOKED anna 2027-03-01T09:00Z'])
  expect(explain(cut, [anna], { ignores: (each) => each.appointmentId === 'own' })).toEqual([])
})

test('a pool names those who are blocked only if nobody is free', () => {
  const anna = resource('anna', { claims: [claim(nine, ten)] })
  expect(explain(pool, [anna, resource('ben')])).toEqual([])
  expect(brief(explain(pool, [anna, resource('ben', { active: false })]))).toEqual([
    'ALREADY_BOOKED anna 2027-03-01T09:00Z',
    'INACTIVE ben',
  ])
})

test('only what stands in the way is named: a taken room is not mentioned while another is free', () => {
  const withRoom = service([segment(60, [staff('anna'), rooms('room 1', 'room 2')])])
  const states = [
    resource('anna', { claims: [claim(nine, ten)] }),
    resource('room 1', { kind: 'ROOM', claims: [claim(nine, ten)] }),
    resource('room 2', { kind: 'ROOM' }),
  ]
  expect(brief(explain(withRoom, states))).toEqual(['ALREADY_BOOKED anna 2027-03-01T09:00Z'])
})

test('until is the end of the last of several claims in the way', () => {
  const anna = resource('anna', {
    claims: [claim('2027-03-01T09:30+01:00', ten), claim(nine, '2027-03-01T09:30+01:00')],
  })
  expect(brief(explain(cut, [anna]))).toEqual(['ALREADY_BOOKED anna 2027-03-01T09:00Z'])
})

test('the next opening of a closed day is on another day', () => {
  const monday = at('2027-03-01T18:00+01:00')
  const anna = resource('anna', { weeklyHours: [{ weekday: 'FRIDAY', opensAt: 540, closesAt: 1020 }] })
  expect(brief(explain(cut, [anna], { startsAt: monday }))).toEqual(['OUTSIDE_HOURS anna 2027-03-05T08:00Z'])
  expect(brief(explain(cut, [resource('anna', { weeklyHours: [] })]))).toEqual(['OUTSIDE_HOURS anna'])
})

test('a pinned resource is judged alone', () => {
  const anna = resource('anna', { claims: [claim(nine, ten)] })
  const states = [anna, resource('ben')]
  expect(explain(pool, states, { pinned: ['ben'] })).toEqual([])
  expect(brief(explain(pool, states, { pinned: ['anna'] }))).toEqual(['ALREADY_BOOKED anna 2027-03-01T09:00Z'])
})

test('what can never be served is not offered', () => {
  const states = [resource('anna'), resource('ben'), resource('cleo')]
  expect(brief(explain(pool, states, { pinned: ['cleo'] }))).toEqual(['NOT_OFFERED cleo'])
  expect(brief(explain(pool, states, { pinned: [null, 'anna'] }))).toEqual(['NOT_OFFERED anna'])
  const chain = service([
    segment(60, [staff('anna', 'ben')]),
    segment(60, [staff('anna', 'ben')], { sameStaffAsPrevious: true }),
  ])
  expect(brief(explain(chain, states, { pinned: ['anna', 'ben'] }))).toEqual(['NOT_OFFERED'])
  expect(brief(explain(service([segment(60, [staff()])]), states))).toEqual(['NOT_OFFERED'])
  expect(brief(explain(service([segment(60, [staff('anna'), staff('anna')])]), states))).toEqual(['NOT_OFFERED'])
  expect(brief(explain(service([segment(60, [staff('unknown')])]), states))).toEqual(['NOT_OFFERED'])
  expect(brief(explain(service([]), states))).toEqual(['NOT_OFFERED'])
})

test('a chain that two people could only serve in turns names what keeps each from all of it', () => {
  const chain = service([
    segment(60, [staff('anna', 'ben')]),
    segment(60, [staff('anna', 'ben')], { sameStaffAsPrevious: true }),
  ])
  const states = [
    resource('anna', { claims: [claim(nine, ten)] }),
    resource('ben', { claims: [claim(ten, '2027-03-01T11:00+01:00')] }),
  ]
  expect(brief(explain(chain, states))).toEqual([
    'ALREADY_BOOKED anna 2027-03-01T09:00Z',
    'ALREADY_BOOKED ben 2027-03-01T10:00Z',
  ])
})

test('where two groups fight over one free person the others say why they are away, not those of other segments', () => {
  const pair = service([
    segment(60, [rooms('room 1', 'room 2')]),
    segment(60, [staff('anna', 'ben'), staff('anna', 'ben')]),
  ])
  const states = [
    resource('anna'),
    resource('ben', { claims: [claim(ten, '2027-03-01T11:00+01:00')] }),
    resource('room 1', { kind: 'ROOM', claims: [claim(nine, ten)] }),
    resource('room 2', { kind: 'ROOM' }),
  ]
  expect(brief(explain(pair, states))).toEqual(['ALREADY_BOOKED ben 2027-03-01T10:00Z'])
})

test('when only the shared person is missing, a taken room that has a substitute is not mentioned', () => {
  const chain = service([
    segment(60, [staff('anna'), rooms('room 1', 'room 2')]),
    segment(60, [staff('anna', 'ben')], { sameStaffAsPrevious: true }),
  ])
  const states = [
    resource('anna', { claims: [claim(ten, '2027-03-01T11:00+01:00')] }),
    resource('ben'),
    resource('room 1', { kind: 'ROOM', claims: [claim(nine, ten)] }),
    resource('room 2', { kind: 'ROOM' }),
  ]
  expect(brief(explain(chain, states))).toEqual(['ALREADY_BOOKED anna 2027-03-01T10:00Z'])
})

// Random salons around the moments where clocks change: services, resources, claims and a window, for the property tests.

import fc from 'fast-check'
import type {
  Claim,
  Interval,
  ResourceKind,
  ResourceState,
  SegmentDefinition,
  ServiceDefinition,
  WallRange,
} from '../../src/domain/vocabulary/types.ts'
import { allWeekdays, minute } from './slot-builders.ts'
import { allTransitions } from './time-zones.ts'

export interface Scenario {
  service: ServiceDefinition
  resources: Map<string, ResourceState>
  from: number
  to: number
  now: number
}

const staffIds = ['anna', 'ben', 'cleo']
const roomIds = ['room 1', 'room 2']

const zoneMoments = [
  ...allTransitions(),
  { timeZone: 'Asia/Kathmandu', transitionAt: Date.UTC(2027, 4, 5, 18, 15) },
  { timeZone: 'UTC', transitionAt: Date.UTC(2028, 1, 29) },
]

const multipleOfFive = (min: number, max: number) =>
  fc.integer({ min: min / 5, max: max / 5 }).map((value) => value * 5)

/** Mostly long ranges, some crossing midnight, some short ones in the hours that clocks skip or repeat. */
export const wallRanges: fc.Arbitrary<WallRange[]> = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom({ opensAt: 0, closesAt: 1440 }, { opensAt: 360, closesAt: 1320 }) },
    { weight: 3, arbitrary: fc.constantFrom({ opensAt: 1320, closesAt: 360 }, { opensAt: 1080, closesAt: 150 }) },
    {
      weight: 2,
      arbitrary: fc.record({ opensAt: multipleOfFive(0, 240), closesAt: multipleOfFive(0, 300) }),
    },
    { weight: 1, arbitrary: fc.record({ opensAt: multipleOfFive(0, 1435), closesAt: multipleOfFive(0, 1440) }) },
  ),
  { minLength: 0, maxLength: 2 },
)

function intervalsWithin(from: number, to: number): fc.Arbitrary<Interval[]> {
  const one = fc
    .tuple(fc.integer({ min: -90, max: (to - from) / minute + 90 }), fc.integer({ min: 1, max: 90 }))
    .map(([start, length]) => ({ start: from + start * minute, end: from + (start + length) * minute }))
  return fc.array(one, { maxLength: 4 })
}

function resourceState(id: string, kind: ResourceKind, moment: Moment): fc.Arbitrary<ResourceState> {
  const { timeZone, from, to, now } = moment
  const dates = [-1, 0, 1].map((days) =>
    Temporal.Instant.fromEpochMilliseconds(from).toZonedDateTimeISO(timeZone).toPlainDate().add({ days }).toString(),
  )
  const expiries = fc.constantFrom(null, null, now - minute, now, now + 1, now + minute)
  return fc
    .record({
      active: fc.integer({ min: 0, max: 9 }).map((value) => value > 0),
      weekly: fc.oneof(
        { weight: 2, arbitrary: fc.constant<WallRange[]>([{ opensAt: 0, closesAt: 1440 }]) },
        { weight: 3, arbitrary: wallRanges },
      ),
      overrides: fc.uniqueArray(fc.record({ date: fc.constantFrom(...dates), hours: wallRanges }), {
        maxLength: 1,
        selector: (override) => override.date,
      }),
      timeOff: fc.oneof(
        { weight: 2, arbitrary: fc.constant<Interval[]>([]) },
        { weight: 1, arbitrary: intervalsWithin(from, to) },
      ),
      busy: intervalsWithin(from, to),
      claims: intervalsWithin(from, to),
      expiries: fc.array(expiries, { minLength: 4, maxLength: 4 }),
    })
    .map((parts) => ({
      schedule: {
        resourceId: id,
        kind,
        name: id,
        active: parts.active,
        timeZone,
        weeklyHours: allWeekdays.flatMap((weekday) => parts.weekly.map((range) => ({ weekday, ...range }))),
        dateOverrides: parts.overrides.map((override) => ({ ...override, reason: null })),
        timeOff: parts.timeOff.map((interval, index) => ({ ...interval, id: `off ${index}`, reason: null })),
        scheduleVersion: 1,
      },
      busy: parts.busy.map((interval, index) => ({ ...interval, id: `busy ${index}`, resourceId: id })),
      claims: parts.claims.map((interval, index) => claimOf(id, interval, index, parts.expiries[index] ?? null)),
    }))
}

function claimOf(resourceId: string, interval: Interval, index: number, expiresAt: number | null): Claim {
  const owner = { holdId: expiresAt === null ? null : 'hold', appointmentId: expiresAt === null ? 'appointment' : null }
  return { ...interval, ...owner, id: `claim ${index}`, resourceId, expiresAt }
}

/** A few segments over the given people and rooms: groups that compete, chains, gaps and buffers. */
export function segmentsOver(people: string[], rooms: string[]): fc.Arbitrary<SegmentDefinition[]> {
  const group = fc.oneof(
    {
      weight: 3,
      arbitrary: fc.subarray(people, { minLength: 1 }).map((ids) => ({ kind: 'STAFF' as const, candidateIds: ids })),
    },
    {
      weight: 1,
      arbitrary: fc.subarray(rooms, { minLength: 1 }).map((ids) => ({ kind: 'ROOM' as const, candidateIds: ids })),
    },
  )
  const segment = fc.record({
    name: fc.constantFrom('apply', 'rinse', 'cut'),
    durationMinutes: multipleOfFive(5, 45),
    bufferBeforeMinutes: fc.constantFrom(0, 0, 5, 20),
    bufferAfterMinutes: fc.constantFrom(0, 0, 10, 50),
    resourceGroups: fc.array(group, { maxLength: 2 }),
    sameStaffAsPrevious: fc.boolean(),
  })
  return fc.array(segment, { minLength: 1, maxLength: 3 })
}

interface Moment {
  timeZone: string
  from: number
  to: number
  now: number
}

const moments: fc.Arbitrary<Moment> = fc
  .record({
    zoneMoment: fc.constantFrom(...zoneMoments),
    lead: fc.integer({ min: 0, max: 8 * 60 }),
    length: fc.integer({ min: 3 * 60, max: 12 * 60 }),
    nowAhead: fc.constantFrom(0, 0, 30, 26 * 60, -90),
  })
  .map(({ zoneMoment, lead, length, nowAhead }) => {
    const from = zoneMoment.transitionAt - lead * minute
    return { timeZone: zoneMoment.timeZone, from, to: from + length * minute, now: from - nowAhead * minute }
  })

export const scenarios: fc.Arbitrary<Scenario> = moments.chain((moment) =>
  fc
    .record({
      segments: segmentsOver(staffIds, roomIds),
      slotIntervalMinutes: fc.constantFrom(15, 20, 30, 50, 60),
      minimumNoticeMinutes: fc.constantFrom(0, 0, 0, 45, 120),
      bookingHorizonDays: fc.constantFrom(0, 1, 2, 30),
      active: fc.integer({ min: 0, max: 19 }).map((value) => value > 0),
      people: fc.tuple(...staffIds.map((id) => resourceState(id, 'STAFF', moment))),
      rooms: fc.tuple(...roomIds.map((id) => resourceState(id, 'ROOM', moment))),
    })
    .map(({ people, rooms, ...definition }) => ({
      service: {
        id: 'service',
        locationId: 'location',
        country: 'DE',
        name: 'Perm',
        timeZone: moment.timeZone,
        definitionVersion: 1,
        ...definition,
      },
      resources: new Map([...people, ...rooms].map((state) => [state.schedule.resourceId, state])),
      from: moment.from,
      to: moment.to,
      now: moment.now,
    })),
)

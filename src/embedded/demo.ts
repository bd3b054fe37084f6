// The demo organization: a hair salon in Berlin.
import { randomUUIDv7 } from 'node:crypto'
import type { Database } from '../db/client.ts'
import { inTransaction, type Tx } from '../db/transaction.ts'
import { createLocation } from '../domain/catalogue/locations.ts'
import { updatePolicy } from '../domain/catalogue/policies.ts'
import { createResource } from '../domain/catalogue/resources.ts'
import { createService } from '../domain/catalogue/services.ts'
import { type CreatedOrganization, createOrganization } from '../domain/people/organizations.ts'
import type { ResourceKind, SegmentDefinition, Weekday, WeeklyHours } from '../domain/vocabulary/types.ts'

/** All or nothing; every call makes another one. */
export function loadDemo(db: Database): Promise<CreatedOrganization> {
  return inTransaction(db, randomUUIDv7(), async (tx) => {
    const created = await createOrganization(tx, { name: 'Salon Sonnenallee' })
    const location = await createLocation(tx, { name: 'Neukölln', timeZone: 'Europe/Berlin', country: 'DE' })
    const team = await createTeam(tx, location.id)
    const services = await createServices(tx, location.id, team)
    await createPolicies(tx, services)
    return created
  })
}

type Team = Awaited<ReturnType<typeof createTeam>>

async function createTeam(tx: Tx, locationId: string) {
  const add = async (kind: ResourceKind, name: string, weeklyHours: WeeklyHours[]) =>
    (await createResource(tx, { locationId, kind, name, weeklyHours })).id
  const open = [
    ...on(['MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY'], '08:00-21:00'),
    ...on(['FRIDAY'], '08:00-01:00'),
    ...on(['SATURDAY'], '08:00-18:00'),
  ]
  return {
    anna: await add('STAFF', 'Anna Weber', [
      ...on(['TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY'], '09:00-12:30', '13:00-17:30'),
      ...on(['SATURDAY'], '09:00-14:00'),
    ]),
    ben: await add('STAFF', 'Ben Yilmaz', on(['MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY'], '10:00-18:00')),
    clara: await add('STAFF', 'Clara Hoffmann', [
      ...on(['MONDAY', 'WEDNESDAY'], '09:00-13:00', '14:00-19:00'),
      ...on(['FRIDAY'], '09:00-15:00'),
    ]),
    david: await add('STAFF', 'David Nguyen', [
      ...on(['TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY'], '12:00-20:00'),
      ...on(['SATURDAY'], '10:00-18:00'),
    ]),
    // The long Friday: her shift goes on past midnight.
    elif: await add('STAFF', 'Elif Kaya', [
      ...on(['MONDAY', 'THURSDAY'], '12:00-20:00'),
      ...on(['FRIDAY'], '17:00-01:00'),
      ...on(['SATURDAY'], '09:00-16:00'),
    ]),
    gardenRoom: await add('ROOM', 'Garden room', open),
    streetRoom: await add('ROOM', 'Street room', open),
    steamer: await add('EQUIPMENT', 'Hair steamer', open),
  }
}

async function createServices(tx: Tx, locationId: string, team: Team) {
  const { anna, ben, clara, david, elif, gardenRoom, streetRoom, steamer } = team
  const add = (name: string, segments: SegmentDefinition[], minimumNoticeMinutes = 0) =>
    createService(tx, {
      locationId,
      name,
      slotIntervalMinutes: 15,
      minimumNoticeMinutes,
      bookingHorizonDays: 90,
      segments,
    })
  const rooms = { kind: 'ROOM' as const, candidateIds: [gardenRoom, streetRoom] }
  await add('Haircut', [segment('Haircut', 45, [staff(anna, ben, clara, david, elif)])])
  await add('Beard trim', [
    { ...segment('Beard trim', 20, [staff(ben, david, elif)]), bufferBeforeMinutes: 5, bufferAfterMinutes: 10 },
  ])
  await add('Colour consultation', [segment('Consultation', 30, [staff(anna, clara), rooms])])
  await add('Steam treatment', [
    {
      ...segment('Steam treatment', 40, [staff(anna, ben, elif), { kind: 'EQUIPMENT', candidateIds: [steamer] }]),
      bufferAfterMinutes: 10,
    },
  ])
  const perm = await add(
    'Perm',
    [
      segment('Apply', 45, [staff(anna, clara, elif), rooms]),
      segment('Let it take', 30, []),
      { ...segment('Rinse and cut', 45, [staff(anna, clara, elif)]), sameStaffAsPrevious: true },
    ],
    120,
  )
  return { perm }
}

async function createPolicies(tx: Tx, { perm }: Awaited<ReturnType<typeof createServices>>) {
  await updatePolicy(tx, {
    scope: 'ORGANIZATION',
    scopeId: tx.organizationId,
    expectedVersion: 0,
    cancelNoticeMinutes: 120,
    rescheduleNoticeMinutes: 120,
    maxReschedules: 3,
  })
  await updatePolicy(tx, {
    scope: 'SERVICE',
    scopeId: perm.id,
    expectedVersion: 0,
    cancelNoticeMinutes: 1440,
    rescheduleNoticeMinutes: 720,
    maxReschedules: 2,
  })
}

function segment(
  name: string,
  durationMinutes: number,
  resourceGroups: SegmentDefinition['resourceGroups'],
): SegmentDefinition {
  return {
    name,
    durationMinutes,
    resourceGroups,
    bufferBeforeMinutes: 0,
    bufferAfterMinutes: 0,
    sameStaffAsPrevious: false,
  }
}

function staff(...candidateIds: string[]) {
  return { kind: 'STAFF' as const, candidateIds }
}

/** `on(['MONDAY'], '09:00-12:30', '13:00-17:30')` */
function on(weekdays: Weekday[], ...ranges: string[]): WeeklyHours[] {
  return weekdays.flatMap((weekday) =>
    ranges.map((range) => {
      const [opensAt = 0, closesAt = 0] = range.split('-').map(minuteOf)
      return { weekday, opensAt, closesAt }
    }),
  )
}

function minuteOf(time: string): number {
  const [hour = 0, minute = 0] = time.split(':').map(Number)
  return hour * 60 + minute
}

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { loadSchedules } from '../../../src/domain/catalogue/definitions.ts'
import { loadResources, type ResourceRecord } from '../../../src/domain/catalogue/resources.ts'
import { loadWeeklyHours } from '../../../src/domain/catalogue/weekly-hours.ts'
import { loadDateOverrides, setDateOverride, setWeeklyHours } from '../../../src/domain/catalogue/working-schedules.ts'
import { NotFoundError, VersionConflictError } from '../../../src/domain/vocabulary/refusals.ts'
import type { WallRange, WeeklyHours } from '../../../src/domain/vocabulary/types.ts'
import { addResource, issuesOf, openTenant, type Tenant } from '../../support/tenant.ts'

let tenant: Tenant
let anna: ResourceRecord
beforeAll(async () => {
  tenant = await openTenant()
})
beforeEach(async () => {
  anna = await addResource(tenant)
})
afterAll(() => tenant[Symbol.asyncDispose]())

const range = (text: string): WallRange => {
  const [opensAt = 0, closesAt = 0] = text.split('-').map((time) => {
    const [hour = 0, minute = 0] = time.split(':').map(Number)
    return hour * 60 + minute
  })
  return { opensAt, closesAt }
}
const monday = (text: string): WeeklyHours => ({ weekday: 'MONDAY', ...range(text) })
const setWeek = (weeklyHours: WeeklyHours[], expectedVersion = 1) =>
  tenant.write((tx) => setWeeklyHours(tx, { resourceId: anna.id, expectedVersion, weeklyHours }))
const scheduleOf = async (id: string) => (await tenant.read((tx) => loadSchedules(tx, [id]))).get(id)

describe('weekly hours', () => {
  test('replace the old ones, ordered, under the next version', async () => {
    await setWeek([monday('09:00-17:00')])
    const changed = await setWeek(
      [{ weekday: 'TUESDAY', ...range('22:00-02:00') }, monday('13:00-24:00'), monday('09:00-13:00')],
      2,
    )
    expect(changed).toEqual({ ...anna, version: 3 })
    expect((await tenant.read((tx) => loadWeeklyHours(tx, [anna.id]))).get(anna.id)).toEqual([
      monday('09:00-13:00'),
      monday('13:00-24:00'),
      { weekday: 'TUESDAY', ...range('22:00-02:00') },
    ])
  })

  test('can be none at all', async () => {
    await setWeek([monday('09:00-17:00')])
    await setWeek([], 2)
    expect((await scheduleOf(anna.id))?.weeklyHours).toEqual([])
  })

  test('that change are a new version of the schedule', async () => {
    const before = await scheduleOf(anna.id)
    await setWeek([monday('09:00-17:00')])
    expect((await scheduleOf(anna.id))?.scheduleVersion).toBe((before?.scheduleVersion ?? 0) + 1)
  })

  test('are not changed on an old version, and the answer names the present one', async () => {
    await setWeek([monday('09:00-17:00')])
    const late = setWeek([], 1)
    await expect(late).rejects.toThrow(VersionConflictError)
    await expect(late).rejects.toMatchObject({ currentVersion: 2 })
    expect((await scheduleOf(anna.id))?.weeklyHours).toHaveLength(1)
  })

  test('of an unknown resource cannot be set', async () => {
    const unknown = tenant.write((tx) =>
      setWeeklyHours(tx, { resourceId: tenant.locationId, expectedVersion: 1, weeklyHours: [] }),
    )
    await expect(unknown).rejects.toThrow(NotFoundError)
  })

  test('set by twenty at once on one version have one winner, whose hours stand whole', async () => {
    const attempts = await Promise.allSettled(
      Array.from({ length: 20 }, (_, index) => {
        const opensAt = index * 60
        return setWeek([
          { weekday: 'MONDAY', opensAt, closesAt: opensAt + 30 },
          { weekday: 'FRIDAY', opensAt, closesAt: opensAt + 30 },
        ])
      }),
    )
    const won = attempts.findIndex((attempt) => attempt.status === 'fulfilled')
    const lost = attempts.filter((attempt) => attempt.status === 'rejected')
    expect(lost).toHaveLength(19)
    expect(lost.every(({ reason }) => reason instanceof VersionConflictError && reason.currentVersion === 2)).toBe(true)
    expect((await scheduleOf(anna.id))?.weeklyHours.map((hours) => hours.opensAt)).toEqual([won * 60, won * 60])
    expect((await tenant.read((tx) => loadResources(tx, [anna.id]))).get(anna.id)?.version).toBe(2)
  })
})

describe('a range of hours', () => {
  test.for([
    [['09:00-13:00', '12:59-17:00'], ['weeklyHours.1: It overlaps range 0']],
    [['12:00-17:00', '09:00-18:00'], ['weeklyHours.0: It overlaps range 1']],
    [['09:00-17:00', '09:00-17:00'], ['weeklyHours.1: It overlaps range 0']],
    [
      ['09:00-18:00', '10:00-11:00', '12:00-13:00'],
      ['weeklyHours.1: It over', 'weeklyHours.2: It over'],
    ],
    [['09:00-09:00'], ['weeklyHours.0: The range is empty']],
    [['24:00-09:00'], ['weeklyHours.0.opensAt: ']],
    [['09:00-24:01'], ['weeklyHours.0.closesAt: ']],
    [['-1:00-25:00'], ['weeklyHours.0.opensAt: ', 'weeklyHours.0.closesAt: ']],
  ] as const)('is refused as %j: %j', async ([texts, expected]) => {
    const issues = await issuesOf(
      setWeek(
        texts.map((text) =>
          text.startsWith('-') ? { weekday: 'MONDAY', opensAt: -60, closesAt: 1500 } : monday(text),
        ),
      ),
    )
    expect(issues).toEqual(expected.map((start) => expect.stringContaining(start)))
  })

  test('may not overlap what reaches past the midnight before it', async () => {
    const night: WeeklyHours = { weekday: 'MONDAY', ...range('22:00-03:00') }
    expect(await issuesOf(setWeek([night, { weekday: 'TUESDAY', ...range('02:00-04:00') }]))).toHaveLength(1)
    await setWeek([night, { weekday: 'TUESDAY', ...range('03:00-04:00') }])
  })

  test('may not overlap across the end of the week', async () => {
    const sunday: WeeklyHours = { weekday: 'SUNDAY', ...range('22:00-03:00') }
    expect(await issuesOf(setWeek([monday('02:00-04:00'), sunday]))).toEqual([
      expect.stringContaining('weeklyHours.0: It overlaps range 1'),
    ])
    await setWeek([monday('03:00-04:00'), sunday])
  })

  test('of fractions, of an invented weekday, or of which there are hundreds is refused', async () => {
    expect(await issuesOf(setWeek([{ weekday: 'MONDAY', opensAt: 540.5, closesAt: 600 }]))).toHaveLength(1)
    expect(await issuesOf(setWeek([{ weekday: 'MOONDAY' as 'MONDAY', ...range('09:00-10:00') }]))).toHaveLength(1)
    const many = Array.from({ length: 100 }, (_, index) => ({
      ...monday('00:00-00:01'),
      opensAt: index * 2,
      closesAt: index * 2 + 1,
    }))
    expect(await issuesOf(setWeek(many))).toEqual(['weeklyHours: At most 70 ranges a week.'])
  })

  test('that covers all day, every day, is fine', async () => {
    const days = ['MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY', 'SATURDAY', 'SUNDAY'] as const
    await setWeek(days.map((weekday) => ({ weekday, ...range('00:00-24:00') })))
    expect((await scheduleOf(anna.id))?.weeklyHours).toHaveLength(7)
  })
})

describe('a date override', () => {
  const override = (date: string, hours: WallRange[] | null | undefined, expectedVersion: number, reason?: string) =>
    tenant.write((tx) => setDateOverride(tx, { resourceId: anna.id, expectedVersion, date, hours, reason }))
  const overrides = async (from: string, to: string) =>
    (await tenant.read((tx) => loadDateOverrides(tx, { resourceIds: [anna.id], from, to }))).get(anna.id)

  test('sets other hours for one date, replaces them, closes it, and takes itself back', async () => {
    await override('2028-02-29', [range('14:00-16:00'), range('09:00-12:00')], 1, ' leap day ')
    expect(await overrides('2028-02-29', '2028-02-29')).toEqual([
      { date: '2028-02-29', hours: [range('09:00-12:00'), range('14:00-16:00')], reason: 'leap day' },
    ])
    await override('2028-02-29', [range('22:00-02:00')], 2)
    expect(await overrides('2028-02-01', '2028-03-01')).toEqual([
      { date: '2028-02-29', hours: [range('22:00-02:00')], reason: null },
    ])
    await override('2028-02-29', [], 3)
    expect(await overrides('2028-02-29', '2028-02-29')).toEqual([{ date: '2028-02-29', hours: [], reason: null }])
    expect((await override('2028-02-29', null, 4)).version).toBe(5)
    expect(await overrides('2028-02-01', '2028-03-01')).toEqual([])
  })

  test('is listed from one date to another, both included, by date', async () => {
    for (const [index, day] of ['03', '01', '02', '04'].entries()) await override(`2027-05-${day}`, [], index + 1)
    expect((await overrides('2027-05-01', '2027-05-03'))?.map(({ date }) => date)).toEqual([
      '2027-05-01',
      '2027-05-02',
      '2027-05-03',
    ])
    expect(await overrides('2027-05-03', '2027-05-01')).toEqual([])
  })

  test.for([
    '2027-02-29',
    '2027-13-01',
    '2027-04-31',
    '27-04-01',
    '2027-4-1',
    '2027-04-01T00:00',
    '',
    '1969-12-31',
    '2200-01-01',
  ])('for a date that is none is refused: %j', async (date) => {
    expect(await issuesOf(override(date, [], 1))).toEqual([expect.stringMatching(/^date: /)])
  })

  test('with overlapping, empty or too many ranges is refused', async () => {
    expect(await issuesOf(override('2027-05-01', [range('09:00-12:00'), range('11:00-13:00')], 1))).toHaveLength(1)
    expect(await issuesOf(override('2027-05-01', [range('09:00-09:00')], 1))).toHaveLength(1)
    const many = Array.from({ length: 11 }, (_, index) => ({ opensAt: index * 60, closesAt: index * 60 + 1 }))
    expect(await issuesOf(override('2027-05-01', many, 1))).toEqual(['hours: At most 10 ranges a day.'])
  })

  test('may begin in the early hours and go on past its own midnight', async () => {
    await override('2027-05-01', [range('01:00-03:00'), range('22:00-02:00')], 1)
  })

  test('on an old version changes nothing', async () => {
    await override('2027-05-01', [], 1)
    await expect(override('2027-05-01', null, 1)).rejects.toMatchObject({ currentVersion: 2 })
    expect(await overrides('2027-05-01', '2027-05-01')).toHaveLength(1)
  })
})

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { candidatesBySegment } from '../../../src/domain/slots/assignment-search.ts'
import { chooseAssignment, freeCandidates, type IsFree } from '../../../src/domain/slots/assignments.ts'
import { planOf } from '../../../src/domain/slots/service-plan.ts'
import type { Assignment, ServiceDefinition } from '../../../src/domain/vocabulary/types.ts'
import { at, minute, rooms, segment, service, staff } from '../../support/slot-builders.ts'
import { allWays, segmentTimes } from '../../support/slot-oracle.ts'
import { segmentsOver } from '../../support/slot-scenarios.ts'

const seed = 20_270_328
const startsAt = at('2027-03-01T09:00Z')
const everybody: IsFree = () => true

function chosen(assignment: Assignment | null): string[] | null {
  return assignment?.claims.map((claim) => claim.resourceId) ?? null
}

/** The claims in minutes after the start. */
function claimMinutes(assignment: Assignment | null): string[] {
  const after = (instant: number) => (instant - startsAt) / minute
  return (assignment?.claims ?? []).map((claim) => `${claim.resourceId} ${after(claim.start)} to ${after(claim.end)}`)
}

test('the claim covers the buffers, the appointment does not', () => {
  const cut = service([segment(30, [staff('anna')], { bufferBeforeMinutes: 5, bufferAfterMinutes: 10 })])
  const assignment = chooseAssignment({ service: cut, startsAt, isFree: everybody })
  expect(assignment).toMatchObject({ startsAt, endsAt: startsAt + 30 * minute })
  expect(claimMinutes(assignment)).toEqual(['anna -5 to 40'])
})

test('the preferred of those who are free is chosen, and among equals the first candidate', () => {
  const cut = service([segment(30, [staff('anna', 'ben', 'cleo')])])
  const rank: Record<string, number> = { anna: 3, ben: 1, cleo: 1 }
  const prefer = (id: string) => rank[id] ?? 0
  expect(chosen(chooseAssignment({ service: cut, startsAt, isFree: everybody, prefer }))).toEqual(['ben'])
  expect(chosen(chooseAssignment({ service: cut, startsAt, isFree: (id) => id !== 'ben', prefer }))).toEqual(['cleo'])
  expect(chooseAssignment({ service: cut, startsAt, isFree: () => false })).toBeNull()
})

test('a preference never costs the assignment: the favourite of two groups goes where nobody else can', () => {
  const pair = service([segment(30, [staff('anna', 'ben'), staff('anna')])])
  expect(chosen(chooseAssignment({ service: pair, startsAt, isFree: everybody, prefer: () => 0 }))).toEqual([
    'ben',
    'anna',
  ])
})

test('two groups of one segment never take the same resource', () => {
  const pair = service([segment(30, [staff('anna'), staff('anna')])])
  expect(chooseAssignment({ service: pair, startsAt, isFree: everybody })).toBeNull()
})

test('the same person serves all segments that ask for it, over gaps and segments without staff', () => {
  const perm = service([
    segment(30, [staff('anna', 'ben')]),
    segment(20, []),
    segment(10, [rooms('room')], { sameStaffAsPrevious: true }),
    segment(15, [rooms('room'), staff('ben', 'cleo')], { sameStaffAsPrevious: true }),
  ])
  expect(chosen(chooseAssignment({ service: perm, startsAt, isFree: everybody }))).toEqual([
    'ben',
    'room',
    'room',
    'ben',
  ])
  const isFree: IsFree = (id, claimStart) => id !== 'ben' || claimStart === startsAt
  expect(chooseAssignment({ service: perm, startsAt, isFree })).toBeNull()
})

test('without sameStaffAsPrevious another person may go on', () => {
  const perm = service([segment(30, [staff('anna')]), segment(30, [staff('ben')])])
  expect(chosen(chooseAssignment({ service: perm, startsAt, isFree: everybody }))).toEqual(['anna', 'ben'])
})

test('sameStaffAsPrevious on the first staffed segment asks for nothing', () => {
  const cut = service([segment(30, [staff('anna')], { sameStaffAsPrevious: true })])
  expect(chosen(chooseAssignment({ service: cut, startsAt, isFree: everybody }))).toEqual(['anna'])
})

test('a pin is kept, and a pin that is no candidate has no assignment', () => {
  const cut = service([segment(30, [rooms('room 1', 'room 2'), staff('anna', 'ben')])])
  const choose = (...pinned: (string | null)[]) =>
    chosen(chooseAssignment({ service: cut, startsAt, isFree: everybody, pinned }))
  expect(choose(null, 'ben')).toEqual(['room 1', 'ben'])
  expect(choose('room 2')).toEqual(['room 2', 'anna'])
  expect(choose('ben', null)).toBeNull()
  expect(choose(null, null, 'anna')).toBeNull()
  expect(choose(null, null, null)).toEqual(['room 1', 'anna'])
})

test('a pinned person is pinned for the whole chain', () => {
  const perm = service([
    segment(30, [staff('anna', 'ben')]),
    segment(30, [staff('anna', 'ben')], { sameStaffAsPrevious: true }),
  ])
  const choose = (...pinned: (string | null)[]) =>
    chosen(chooseAssignment({ service: perm, startsAt, isFree: everybody, pinned }))
  expect(choose(null, 'ben')).toEqual(['ben', 'ben'])
  expect(choose('anna', 'ben')).toBeNull()
})

test('a processing gap leaves its people free', () => {
  const perm = service([
    segment(30, [staff('anna')]),
    segment(40, []),
    segment(20, [staff('anna')], { sameStaffAsPrevious: true }),
  ])
  expect(claimMinutes(chooseAssignment({ service: perm, startsAt, isFree: everybody }))).toEqual([
    'anna 0 to 30',
    'anna 70 to 90',
  ])
})

test('own buffers never overlap own claims', () => {
  const buffers = { bufferBeforeMinutes: 10, bufferAfterMinutes: 15, sameStaffAsPrevious: true }
  const direct = service([segment(30, [staff('anna')], buffers), segment(20, [staff('anna')], buffers)])
  expect(claimMinutes(chooseAssignment({ service: direct, startsAt, isFree: everybody }))).toEqual([
    'anna -10 to 30',
    'anna 30 to 65',
  ])
  const gap = service([segment(30, [staff('anna')], buffers), segment(20, []), segment(20, [staff('anna')], buffers)])
  expect(claimMinutes(chooseAssignment({ service: gap, startsAt, isFree: everybody }))).toEqual([
    'anna -10 to 45',
    'anna 45 to 85',
  ])
})

test('a buffer that reaches past the next own segment is kept in full', () => {
  const cut = service([segment(30, [staff('anna')], { bufferAfterMinutes: 60 }), segment(10, [staff('anna')])])
  expect(claimMinutes(chooseAssignment({ service: cut, startsAt, isFree: everybody }))).toEqual([
    'anna 0 to 30',
    'anna 30 to 90',
  ])
})

test('buffers of different people may overlap', () => {
  const buffers = { bufferBeforeMinutes: 10, bufferAfterMinutes: 15 }
  const two = service([segment(30, [staff('anna')], buffers), segment(20, [staff('ben')], buffers)])
  expect(claimMinutes(chooseAssignment({ service: two, startsAt, isFree: everybody }))).toEqual([
    'anna -10 to 45',
    'ben 20 to 65',
  ])
})

test('six segments with three groups of twenty that compete are solved at once', () => {
  const pool = Array.from({ length: 20 }, (_, index) => `person ${index}`)
  const big = service(
    Array.from({ length: 6 }, () =>
      segment(30, [staff(...pool), staff(...pool), staff(...pool)], { sameStaffAsPrevious: true }),
    ),
  )
  // In every segment three others are free; only the last person is free in all.
  const isFree: IsFree = (id, start) => {
    const index = Math.round((start - startsAt) / (30 * minute))
    return id === 'person 19' || id === `person ${index * 2}` || id === `person ${index * 2 + 1}`
  }
  const startedAt = performance.now()
  const assignment = chooseAssignment({ service: big, startsAt, isFree, prefer: (id) => -Number(id.slice(7)) })
  expect(performance.now() - startedAt).toBeLessThan(250)
  expect(assignment?.claims.filter((claim) => claim.groupIndex === 0).map((claim) => claim.resourceId)).toEqual(
    Array.from({ length: 6 }, () => 'person 19'),
  )
  expect(
    chooseAssignment({ service: big, startsAt, isFree: (id, ...range) => id !== 'person 19' && isFree(id, ...range) }),
  ).toBeNull()
})

/** A service and who is free in which segment, by chance. */
const puzzles = fc.record({
  segments: segmentsOver(['anna', 'ben', 'cleo', 'dora'], ['room 1', 'room 2']),
  busy: fc.uniqueArray(
    fc
      .tuple(fc.constantFrom('anna', 'ben', 'cleo', 'dora', 'room 1', 'room 2'), fc.nat(2))
      .map(([id, index]) => `${id} ${index}`),
    { maxLength: 8 },
  ),
  ranks: fc.array(fc.nat(2), { minLength: 6, maxLength: 6 }),
})

function freedom(definition: ServiceDefinition, busy: readonly string[]): IsFree {
  const taken = new Set(busy)
  return (id, _claimStart, _claimEnd, segmentStart) =>
    !taken.has(
      `${id} ${definition.segments.findIndex((_, index) => segmentTimes(definition, startsAt, index).start === segmentStart)}`,
    )
}

test('an assignment is found exactly if one exists, and it is the most preferred one', () => {
  let solved = 0
  let unsolved = 0
  fc.assert(
    fc.property(puzzles, ({ segments, busy, ranks }) => {
      const puzzle = service(segments)
      const names = ['anna', 'ben', 'cleo', 'dora', 'room 1', 'room 2']
      const prefer = (id: string) => ranks[names.indexOf(id)] ?? 0
      const ways = allWays(puzzle, (id, index) => !busy.includes(`${id} ${index}`)).map((way) => way.flat())
      const found = chosen(chooseAssignment({ service: puzzle, startsAt, isFree: freedom(puzzle, busy), prefer }))
      if (found) solved++
      else unsolved++
      expect(found !== null).toBe(ways.length > 0)
      if (!found) return
      expect(ways).toContainEqual(found)
      const groups = segments.flatMap((each) => each.resourceGroups)
      const cost = (way: string[]) => way.map((id, at) => `${prefer(id)}${groups[at]?.candidateIds.indexOf(id)}`).join()
      expect(cost(found)).toBe(ways.map(cost).sort()[0])
    }),
    { seed, numRuns: 600 },
  )
  expect(Math.min(solved, unsolved)).toBeGreaterThan(100)
})

test('the candidates of a segment are exactly those of all complete ways', () => {
  fc.assert(
    fc.property(puzzles, ({ segments, busy }) => {
      const puzzle = service(segments)
      const ways = allWays(puzzle, (id, index) => !busy.includes(`${id} ${index}`))
      const plan = planOf(puzzle)
      const found = candidatesBySegment(plan, freeCandidates({ plan, startsAt, isFree: freedom(puzzle, busy) }))
      const expected = segments.map((_, index) => [...new Set(ways.flatMap((way) => way[index] ?? []))].sort())
      expect(found?.map((ids) => [...ids].sort()) ?? null).toEqual(ways.length > 0 ? expected : null)
    }),
    { seed, numRuns: 600 },
  )
})

test('the claims of a resource are apart, hold their segments, and cover segments and buffers exactly', () => {
  fc.assert(
    fc.property(puzzles, ({ segments }) => {
      const puzzle = service(segments)
      const assignment = chooseAssignment({ service: puzzle, startsAt, isFree: everybody })
      const claimed = new Map<string, Set<number>>()
      const needed = new Map<string, Set<number>>()
      const add = (to: Map<string, Set<number>>, id: string, start: number, end: number) => {
        const minutes = to.get(id) ?? new Set()
        to.set(id, minutes)
        for (let instant = start; instant < end; instant += minute) minutes.add(instant)
        return minutes.size
      }
      let total = 0
      for (const { resourceId, segmentIndex, start, end } of assignment?.claims ?? []) {
        const own = segmentTimes(puzzle, startsAt, segmentIndex)
        expect(start).toBeLessThanOrEqual(own.start)
        expect(end).toBeGreaterThanOrEqual(own.end)
        const { bufferBeforeMinutes = 0, bufferAfterMinutes = 0 } = segments[segmentIndex] ?? {}
        add(needed, resourceId, own.start - bufferBeforeMinutes * minute, own.end + bufferAfterMinutes * minute)
        add(claimed, resourceId, start, end)
        total += (end - start) / minute
      }
      expect(claimed).toEqual(needed)
      expect([...claimed.values()].reduce((sum, minutes) => sum + minutes.size, 0)).toBe(total)
    }),
    { seed, numRuns: 300 },
  )
})

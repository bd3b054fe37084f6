// The slot engine against the naive oracle, around every kind of clock change.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { chooseAssignment } from '../../../src/domain/slots/assignments.ts'
import { freeByStates } from '../../../src/domain/slots/resource-availability.ts'
import { explainStart } from '../../../src/domain/slots/slot-explanation.ts'
import { claimWindow, findSlots, nextChangeAt } from '../../../src/domain/slots/slots.ts'
import { canServe, isGridMinute, isInBookingWindow, oracleSlots } from '../../support/slot-oracle.ts'
import { type Scenario, scenarios } from '../../support/slot-scenarios.ts'

const minute = 60_000
const seed = 20_270_328

/** Every fifth minute, and the odd ones in between now and then: starts on and off the grid. */
function probes({ from, to }: Scenario): number[] {
  const first = Math.ceil(from / minute) * minute
  const count = Math.ceil((to - first) / (5 * minute))
  return Array.from(
    { length: count },
    (_, index) => first + index * 5 * minute + (index % 7 === 0 ? minute : 0),
  ).filter((startsAt) => startsAt < to)
}

test('the open slots and their candidates are those of the oracle', () => {
  let opened = 0
  fc.assert(
    fc.property(scenarios, (scenario) => {
      const expected = oracleSlots(scenario)
      const found = findSlots(scenario)
      opened += found.length
      const seen = found.map(({ startsAt, segments }) => ({
        startsAt,
        candidates: segments.map((segment) => [...segment.candidateIds].sort()),
      }))
      expect(seen).toEqual(expected)
    }),
    { seed, numRuns: 200 },
  )
  expect(opened).toBeGreaterThan(500)
})

test('what is offered is bookable and what is bookable is offered', () => {
  fc.assert(
    fc.property(scenarios, (scenario) => {
      const { service, resources, now } = scenario
      const offered = new Map(findSlots(scenario).map((slot) => [slot.startsAt, slot]))
      const isFree = freeByStates(resources, now)
      for (const startsAt of probes(scenario)) {
        const assignment = service.active ? chooseAssignment({ service, startsAt, isFree }) : null
        const isAllowed =
          isGridMinute(service.timeZone, service.slotIntervalMinutes, startsAt) &&
          isInBookingWindow(service, startsAt, now)
        expect(offered.has(startsAt)).toBe(isAllowed && assignment !== null)
        for (const { segmentIndex, resourceId } of isAllowed ? (assignment?.claims ?? []) : []) {
          expect(offered.get(startsAt)?.segments[segmentIndex]?.candidateIds).toContain(resourceId)
          expect(canServe(resources.get(resourceId), service, segmentIndex, startsAt, now)).toBe(true)
        }
      }
    }),
    { seed, numRuns: 200 },
  )
})

test('a start is explained with no reason exactly if it is open', () => {
  fc.assert(
    fc.property(scenarios, (scenario) => {
      const open = new Set(findSlots(scenario).map((slot) => slot.startsAt))
      for (const startsAt of probes(scenario)) {
        expect(explainStart({ ...scenario, startsAt }).length === 0).toBe(open.has(startsAt))
      }
    }),
    { seed, numRuns: 200 },
  )
})

test('every candidate of a slot can be asked for by name, and nobody else', () => {
  fc.assert(
    fc.property(scenarios, (scenario) => {
      const { service, resources, now } = scenario
      const isFree = freeByStates(resources, now)
      for (const slot of findSlots(scenario).filter((_, index) => index % 3 === 0)) {
        for (const [index, segment] of service.segments.entries()) {
          const before = service.segments.slice(0, index).reduce((sum, each) => sum + each.resourceGroups.length, 0)
          const named = new Set<string>()
          for (const [group, { candidateIds }] of segment.resourceGroups.entries()) {
            for (const id of candidateIds) {
              const pinned = [...Array.from({ length: before + group }, () => null), id]
              const assignment = chooseAssignment({ service, startsAt: slot.startsAt, isFree, pinned })
              const blocks = explainStart({ ...scenario, startsAt: slot.startsAt, pinned })
              expect(blocks.length === 0).toBe(assignment !== null)
              if (assignment) named.add(id)
            }
          }
          expect([...named].sort()).toEqual([...(slot.segments[index]?.candidateIds ?? [])].sort())
        }
      }
    }),
    { seed, numRuns: 100 },
  )
})

test('claims outside the claim window never matter', () => {
  fc.assert(
    fc.property(scenarios, (scenario) => {
      const { service, resources, from, to } = scenario
      const window = claimWindow(service, from, to)
      const loaded = new Map(
        [...resources].map(([id, state]) => {
          const isInside = (each: { start: number; end: number }) => each.start < window.end && window.start < each.end
          const schedule = { ...state.schedule, timeOff: state.schedule.timeOff.filter(isInside) }
          return [id, { schedule, claims: state.claims.filter(isInside), busy: state.busy.filter(isInside) }]
        }),
      )
      expect(findSlots({ ...scenario, resources: loaded })).toEqual(findSlots(scenario))
    }),
    { seed, numRuns: 150 },
  )
})

test('until the next change the answer stays as it is while time passes', () => {
  fc.assert(
    fc.property(scenarios, fc.integer({ min: 1, max: 3000 }), (scenario, minutesLater) => {
      const slots = findSlots(scenario)
      const changesAt = nextChangeAt({ ...scenario, slots }) ?? Number.POSITIVE_INFINITY
      expect(changesAt).toBeGreaterThan(scenario.now)
      const later = Math.min(changesAt - 1, scenario.now + minutesLater * minute)
      expect(findSlots({ ...scenario, now: later })).toEqual(slots)
    }),
    { seed, numRuns: 300 },
  )
})

// A view against the slot function itself: at every instant every subscriber knows the answer to its own range.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { findSlots } from '../../src/domain/slots/slots.ts'
import type { Claim, Instant, ServiceDefinition, Slot } from '../../src/domain/vocabulary/types.ts'
import {
  type AvailabilityStream,
  type AvailabilityUpdate,
  createView,
  rangeOf,
  watchRange,
} from '../../src/realtime/availability-views.ts'
import { type Cursor, createCursors } from '../../src/realtime/cursors.ts'
import { DAY_MS, dayNumber, dayText } from '../../src/realtime/day-reading.ts'
import type { LoggedChange } from '../../src/realtime/log-reading.ts'
import { touchedSince } from '../../src/realtime/missed-changes.ts'
import { refreshedBeyond } from '../../src/realtime/pending-updates.ts'
import { emptySnapshot } from '../../src/realtime/snapshots.ts'
import { createUpdateStream } from '../../src/realtime/update-stream.ts'
import { refreshView } from '../../src/realtime/view-judging.ts'
import { toPlan } from '../../src/realtime/view-plans.ts'
import { snapshotOf, tellMembers } from '../../src/realtime/view-updates.ts'
import { createWatchedViews, standOn, stepDay } from '../../src/realtime/watched-views.ts'
import { at, everyDay, minute, rooms, schedule, segment, service, staff } from '../support/slot-builders.ts'
import { type Random, seededRandom } from './random-changes.ts'

const START = at('2027-03-26T06:00:00Z')
const POSITION = { epoch: '0123456789ab', snapshot: emptySnapshot, prunedBelow: 0, now: START, continues: true }
const MOMENT = { position: POSITION, cursors: createCursors('secret') }
const PEOPLE = ['anna', 'ben']

const plain = service([segment(30, [staff(...PEOPLE)], { bufferBeforeMinutes: 10, bufferAfterMinutes: 5 })], {
  minimumNoticeMinutes: 60,
  bookingHorizonDays: 2,
  slotIntervalMinutes: 15,
})
const composite = service(
  [
    segment(30, [staff(...PEOPLE), rooms('room')]),
    segment(30, []),
    segment(45, [staff(...PEOPLE)], { sameStaffAsPrevious: true }),
  ],
  { bookingHorizonDays: 3, slotIntervalMinutes: 20 },
)

interface Person {
  stream: AvailabilityStream
  known: Map<Instant, Slot>
  range: { from: Instant; to: Instant }
}

function openWorld(offered: ServiceDefinition, random: Random) {
  const schedules = new Map(
    [...PEOPLE, 'room'].map((id) => [
      id,
      schedule(id, { kind: id === 'room' ? 'ROOM' : 'STAFF', weeklyHours: everyDay('08:00-18:00') }),
    ]),
  )
  const subject = { organizationId: 'salon', serviceId: offered.id, resourceIds: null }
  const plan = toPlan(subject, new Map([[offered.id, offered]]), schedules)
  if (typeof plan === 'string') throw new Error(plan)
  const watched = createWatchedViews()
  const view = createView(subject)
  const claims = new Map<string, Claim>()
  const log: LoggedChange[] = []
  const people: Person[] = []
  let now = START
  let ids = 0

  const refresh = () => {
    const changes = refreshView(view, plan, now)
    view.snapshots.clear()
    if (changes.opened.length + changes.closed.length > 0) tellMembers(view, MOMENT, changes)
  }
  const change = (added: Claim[], removed: Claim[]) => {
    const days = new Map<string, { subjectId: string; number: number; added: Claim[]; removed: Claim[] }>()
    for (const [claim, list] of [
      ...added.map((one) => [one, 'added'] as const),
      ...removed.map((one) => [one, 'removed'] as const),
    ]) {
      for (let number = dayNumber(claim.start); number <= dayNumber(claim.end - 1); number++) {
        const key = `${claim.resourceId} ${number}`
        const day = days.get(key) ?? { subjectId: claim.resourceId, number, added: [], removed: [] }
        days.set(key, day)
        day[list].push(claim)
      }
    }
    for (const claim of removed) claims.delete(claim.id)
    for (const claim of added) claims.set(claim.id, claim)
    for (const { subjectId, number, ...delta } of days.values()) {
      const day = dayText(number)
      const state = watched.states.day('salon', subjectId, day)
      const version = (state?.version ?? 0) + 1
      log.push({ organizationId: 'salon', subjectId, day, version, xid: log.length, delta })
      if (state) stepDay(state, version, delta)
    }
  }
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T
  return {
    view,
    plan,
    log,
    people,
    now: () => now,
    answer: ({ from, to }: { from: Instant; to: Instant }) => {
      const resources = new Map(
        [...schedules].map(([id, own]) => [
          id,
          { schedule: own, claims: [...claims.values()].filter(({ resourceId }) => resourceId === id), busy: [] },
        ]),
      )
      return findSlots({ service: offered, resources, from, to, now })
    },
    randomRange() {
      const from = now + Math.floor((random() * 4 - 1) * DAY_MS)
      return { from, to: from + 1 + Math.floor(random() * random() * 3 * DAY_MS) }
    },
    /** From now on. */
    open(range: { from: Instant; to: Instant }) {
      const own = rangeOf(range, now)
      watchRange(view, own, 0)
      standOn(watched, view, plan, [...view.order])
      for (const [id, days] of view.states) {
        for (const [number, state] of days) {
          const touches = ({ resourceId, start, end }: Claim) =>
            resourceId === id && dayNumber(start) <= number && dayNumber(end - 1) >= number
          for (const claim of claims.values()) if (touches(claim)) state.claims.set(claim.id, claim)
        }
      }
      refresh()
      const source = {
        newPending: () => refreshedBeyond<AvailabilityUpdate>(64, () => snapshotOf(view, MOMENT, own)),
        left() {},
        another: () => expect.fail(),
      }
      const person: Person = { stream: createUpdateStream(source, own), known: new Map(), range }
      person.stream.deliverTo({ isReady: () => true, take: (update) => take(person.known, update), end() {} })
      person.stream.push(snapshotOf(view, MOMENT, own))
      view.members.add(person.stream)
      people.push(person)
      return person
    },
    step() {
      if (random() < 0.4) now += Math.floor(random() * random() * 400) * minute
      else if (random() < 0.3 && claims.size > 0) change([], [pick([...claims.values()])])
      else {
        const start = now + Math.floor(random() * 5 * 96) * 15 * minute - 12 * 60 * minute
        const end = start + (1 + Math.floor(random() * 6)) * 15 * minute
        const expiresAt = random() < 0.5 ? now + Math.floor(random() * 300) * minute : null
        const replaced = random() < 0.2 && claims.size > 0 ? [pick([...claims.values()])] : []
        const id = replaced[0]?.id ?? `claim ${ids++}`
        const resourceId = replaced[0]?.resourceId ?? pick([...PEOPLE, 'room'])
        change([{ id, resourceId, start, end, holdId: 'hold', appointmentId: null, expiresAt }], replaced)
      }
      refresh()
    },
  }
}

function take(known: Map<Instant, Slot>, { kind, opened, closed }: AvailabilityUpdate): void {
  if (kind === 'SNAPSHOT') known.clear()
  for (const { startsAt } of closed) known.delete(startsAt)
  for (const slot of opened) known.set(slot.startsAt, slot)
}

const sorted = (known: Map<Instant, Slot>) => [...known.values()].sort((a, b) => a.startsAt - b.startsAt)

describe.each([
  ['of one segment', plain],
  ['of several, with a room and one person throughout', composite],
])('a view %s', (_name, offered) => {
  it('tells everybody exactly what changes in their range, by changes and by the clock alone', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const random = seededRandom(seed)
        const world = openWorld(offered, random)
        for (let step = 0; step < 60; step++) {
          if (random() < 0.15) world.open(world.randomRange())
          world.step()
          for (const { known, range } of world.people) expect(sorted(known)).toEqual(world.answer(range))
        }
      }),
      { numRuns: 25 },
    )
  })

  it('brings whoever comes back to the present, whatever it knows from between the cursor and now', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const random = seededRandom(seed)
        const world = openWorld(offered, random)
        const range = world.randomRange()
        const person = world.open({ from: range.from, to: range.from + 2 * DAY_MS })
        for (let step = 0; step < 5; step++) world.step()
        const cursor: Cursor = { epoch: '', snapshot: emptySnapshot, ahead: [], at: world.now(), scope: '' }
        const first = world.log.length
        const states = [new Map(person.known)]
        for (let step = 0; step < 12; step++) {
          world.step()
          states.push(new Map(person.known))
        }
        const changes = touchedSince(world.view, world.plan, {
          range: person.stream.part,
          cursor,
          steps: world.log.slice(first),
          until: world.now(),
        })
        for (const known of states) {
          take(known, { kind: 'CHANGE', ...changes, cursor: '' })
          expect(sorted(known)).toEqual(world.answer(person.range))
        }
      }),
      { numRuns: 100 },
    )
  })
})

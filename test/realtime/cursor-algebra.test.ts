// Snapshots, cursors and deltas as sets: what must hold whatever the order of commits.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Claim } from '../../src/domain/vocabulary/types.ts'
import { applyClaims, inverted, netChanges } from '../../src/realtime/claim-deltas.ts'
import { createCursors } from '../../src/realtime/cursors.ts'
import { createDatabaseClock } from '../../src/realtime/database-clock.ts'
import { includes, parseSnapshot, type Snapshot, sees } from '../../src/realtime/snapshots.ts'

const snapshots = fc
  .tuple(fc.integer({ min: 1, max: 1e6 }), fc.uniqueArray(fc.integer({ min: 0, max: 40 }), { maxLength: 10 }))
  .map(([xmin, gaps]) => {
    const running = gaps.map((gap) => xmin + gap)
    const low = running.length > 0 ? Math.min(...running) : xmin
    return { xmin: low, xmax: Math.max(low, ...running.map((xid) => xid + 1)), running: new Set(running) }
  })

/** As PostgreSQL writes it. */
function textOf({ xmin, xmax, running }: Snapshot): string {
  return `${xmin}:${xmax}:${[...running].join(',')}`
}

describe('a snapshot', () => {
  it('is read as PostgreSQL writes it', () => {
    fc.assert(
      fc.property(snapshots, (snapshot) => {
        expect(parseSnapshot(textOf(snapshot))).toEqual(snapshot)
      }),
    )
  })

  it('includes another exactly if it sees all that the other sees', () => {
    fc.assert(
      fc.property(snapshots, fc.array(fc.integer({ min: 0, max: 40 })), (earlier, ended) => {
        const running = [...earlier.running].filter((xid) => !ended.includes(xid - earlier.xmin))
        const later = { ...earlier, running: new Set(running), xmin: running[0] ?? earlier.xmax }
        later.xmin = Math.min(earlier.xmax, ...running)
        expect(includes(later, earlier)).toBe(true)
        const lost = [...earlier.running].some((xid) => !later.running.has(xid))
        expect(includes(earlier, later)).toBe(!lost)
        for (let xid = 0; xid < 50; xid++) {
          if (sees(earlier, earlier.xmin + xid)) expect(sees(later, earlier.xmin + xid)).toBe(true)
        }
      }),
    )
  })

  it.each(['', '1:2', '5:4:', '1:5:7', '1:5:0', 'x:y:z', '1:2:,', '1:2:3,'])('is not read from %j', (text) => {
    expect(parseSnapshot(text)).toBeNull()
  })
})

describe('a cursor', () => {
  const cursors = createCursors('secret')

  it('is read back as it was written', () => {
    fc.assert(
      fc.property(snapshots, fc.array(fc.nat()), fc.nat(), (snapshot, distances, at) => {
        const ahead = distances.map((distance) => snapshot.xmin + distance)
        const cursor = { epoch: '0123456789ab', scope: 'a_-9a_-9a_8', snapshot, ahead, at }
        const text = cursors.encode(cursor)
        expect(cursors.decode(text)).toEqual({ ...cursor, ahead: ahead.slice(-24) })
        expect(text.length).toBeLessThan(400)
        expect(createCursors('another').decode(text)).toBeNull()
      }),
    )
  })

  it('is not read from anything else', () => {
    for (const text of ['', 'x', '====', 'ä', 'a'.repeat(200_000), '1.ff.a.1.2.3']) {
      expect(cursors.decode(text)).toBeNull()
    }
    fc.assert(fc.property(fc.string(), (text) => cursors.decode(text) === null))
  })
})

describe('a delta', () => {
  const claims = fc
    .tuple(fc.constantFrom('a', 'b', 'c', 'd'), fc.integer({ min: 1, max: 3 }))
    .map(([id, expiresAt]): Claim => {
      return { id, resourceId: 'r', start: 0, end: 1, holdId: 'h', appointmentId: null, expiresAt }
    })

  it('is undone exactly, also when its transaction made and changed and took away the same claim', () => {
    fc.assert(
      fc.property(fc.array(claims), fc.array(claims), (initial, wishes) => {
        const before = new Map(initial.map((claim) => [claim.id, claim]))
        const after = new Map(before)
        const delta = { added: [] as Claim[], removed: [] as Claim[] }
        // Each wish replaces, or takes away what it equals, as a transaction with several steps does.
        for (const claim of wishes) {
          const present = after.get(claim.id)
          if (present) delta.removed.push(present)
          if (present?.expiresAt === claim.expiresAt) after.delete(claim.id)
          else {
            delta.added.push(claim)
            after.set(claim.id, claim)
          }
        }
        const stepped = new Map(before)
        applyClaims(stepped, netChanges(delta))
        expect(new Map([...stepped].sort())).toEqual(new Map([...after].sort()))
        applyClaims(stepped, inverted(netChanges(delta)))
        expect(new Map([...stepped].sort())).toEqual(new Map([...before].sort()))
      }),
    )
  })
})

describe('the database clock', () => {
  it('never runs ahead of the database, and does not go back', () => {
    const delays = fc.record({ way: fc.nat(50), back: fc.nat(50), pause: fc.nat(1000) })
    fc.assert(
      fc.property(fc.array(delays), fc.integer({ min: -1e9, max: 1e9 }), (measurements, offset) => {
        let steady = 1000
        const clock = createDatabaseClock(() => steady)
        let latest = Number.NEGATIVE_INFINITY
        for (const { way, back, pause } of measurements) {
          const askedAtMs = steady
          steady += way
          const readAt = Math.floor(steady + offset)
          steady += back
          clock.measured(readAt, askedAtMs)
          expect(clock.now()).toBeLessThanOrEqual(steady + offset)
          expect(clock.now()).toBeGreaterThanOrEqual(Math.floor(steady + offset) - back)
          steady += pause
          const now = clock.now()
          expect(now).toBeLessThanOrEqual(steady + offset)
          expect(now).toBeGreaterThanOrEqual(latest)
          latest = now
        }
      }),
    )
  })
})

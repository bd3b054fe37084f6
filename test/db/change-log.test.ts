import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { claimDeltas, daysOf, recordChanges, redefined } from '../../src/db/change-log.ts'
import type { AvailabilityChange } from '../../src/db/changes.ts'
import { openDatabase } from '../../src/db/client.ts'
import type { Claim } from '../../src/db/shapes.ts'
import { inTransaction } from '../../src/db/transaction.ts'
import { openTenant, type Tenant } from '../support/tenant.ts'

let tenant: Tenant
beforeAll(async () => {
  tenant = await openTenant()
})
afterAll(() => tenant[Symbol.asyncDispose]())

const HOUR = 3_600_000
const MIDNIGHT = Date.UTC(2027, 4, 3)
const claim = (resourceId: string, start: number, end: number): Claim => ({
  id: randomUUID(),
  resourceId,
  start,
  end,
  holdId: null,
  appointmentId: randomUUID(),
  expiresAt: null,
})
const logOf = (subjectId: string) => tenant.db.sql<(AvailabilityChange & { xid: string })[]>`
  select subject_id as "subjectId", day::text, version, delta, xid::text from availability_changes
  where subject_id = ${subjectId} order by day, version`

describe('the days of a range', () => {
  test.for([
    ['within a day', HOUR, 2 * HOUR, ['2027-05-03']],
    ['up to midnight', HOUR, 24 * HOUR, ['2027-05-03']],
    ['from midnight', 24 * HOUR, 25 * HOUR, ['2027-05-04']],
    ['over midnight', 23 * HOUR, 24 * HOUR + 1, ['2027-05-03', '2027-05-04']],
    ['over days', 0, 49 * HOUR, ['2027-05-03', '2027-05-04', '2027-05-05']],
  ] as const)('are the UTC dates that it touches: %s', ([, start, end, days]) => {
    expect(daysOf({ start: MIDNIGHT + start, end: MIDNIGHT + end })).toEqual(days)
  })
})

describe('the change log', () => {
  test('has one step for each subject-day of a transaction, with all that happened on it', async () => {
    const [anna, ben] = [randomUUID(), randomUUID()]
    const added = claim(anna, MIDNIGHT + 23 * HOUR, MIDNIGHT + 25 * HOUR)
    const removed = claim(anna, MIDNIGHT, MIDNIGHT + HOUR)
    const other = claim(ben, MIDNIGHT, MIDNIGHT + HOUR)
    await tenant.write((tx) =>
      recordChanges(tx, [
        ...claimDeltas({ added: [added, other], removed: [removed] }),
        redefined(anna),
        redefined(anna),
      ]),
    )
    const log = await logOf(anna)
    expect(log.map(({ xid: _, ...change }) => change)).toEqual([
      { subjectId: anna, day: '0001-01-01', version: 1, delta: { redefined: true } },
      { subjectId: anna, day: '2027-05-03', version: 1, delta: { added: [added], removed: [removed] } },
      { subjectId: anna, day: '2027-05-04', version: 1, delta: { added: [added] } },
    ])
    expect(new Set([...log, ...(await logOf(ben))].map(({ xid }) => xid)).size).toBe(1)
  })

  test('of nothing is nothing', async () => {
    await tenant.write((tx) => recordChanges(tx, []))
  })

  test.for([true, false])(
    'has versions without gap or double under concurrency, in commit order (locks on: %s)',
    async (advisoryLocks) => {
      await using one = openDatabase({ url: tenant.url, advisoryLocks })
      await using two = openDatabase({ url: tenant.url, advisoryLocks })
      const subjects = Array.from({ length: 5 }, () => randomUUID())
      const committed: AvailabilityChange[] = []
      one.onCommitted = two.onCommitted = ({ changes }) => committed.push(...changes)
      await Promise.all(
        Array.from({ length: 60 }, (_, index) =>
          inTransaction(index % 2 ? one : two, tenant.organizationId, async (tx) => {
            const touched = subjects.filter((_, subject) => (index >> subject) % 2 === 0 || subject === 0)
            await recordChanges(tx, (index % 3 ? touched : touched.toReversed()).map(redefined))
            if (index % 10 === 9) throw new Error('refused')
          }).catch((error) => expect(error.message).toBe('refused')),
        ),
      )
      for (const subject of subjects) {
        const log = await logOf(subject)
        const versions = log.map(({ version }) => version)
        expect(versions).toEqual(Array.from({ length: versions.length }, (_, index) => index + 1))
        const told = committed.filter(({ subjectId }) => subjectId === subject).map(({ version }) => version)
        expect(told.toSorted((a, b) => a - b)).toEqual(versions)
        const [day] = await tenant.db.sql`select version from resource_days where subject_id = ${subject}`
        expect(day?.version).toBe(versions.length)
      }
      expect(committed.filter(({ subjectId }) => subjectId === subjects[0])).toHaveLength(54)
    },
  )

  test('cannot be rewritten by the application', async () => {
    const rewrite = tenant.write((tx) => tx.sql`update availability_changes set delta = '{}'`)
    await expect(rewrite).rejects.toThrow('permission denied')
  })
})

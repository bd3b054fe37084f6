// What may stand on a channel without being ours: garbage, other versions, and forgeries that look right.

import fc from 'fast-check'
import type { CommittedTransaction } from '../../src/db/changes.ts'
import { partitionChannels, partitionOf } from '../../src/realtime/partitions.ts'

const DIGEST = 'A'.repeat(22)

/** Texts of every kind, the same for the same seed. The forgeries name the organization and the day that are given. */
export function garbage({
  seed,
  count,
  transaction,
}: {
  seed: number
  count: number
  transaction: CommittedTransaction
}) {
  const body = { from: 'x', transaction }
  const json = fc.oneof(
    fc.json(),
    fc
      .constantFrom<unknown>({}, [], null, { from: 'x' }, { from: 'x', transaction: {} }, body)
      .map((value) => JSON.stringify(value)),
    fc.constant(JSON.stringify(body)),
    fc.constantFrom(10, 100, 1000, 300_000).map((length) => `{"from":"${'x'.repeat(length)}"}`),
    fc.constantFrom(10, 100, 10_000).map((depth) => '['.repeat(depth)),
  )
  const text = fc.oneof(
    json,
    fc.string({ unit: 'binary', maxLength: 200 }),
    fc
      .tuple(fc.constantFrom('0', '1', '2', '99', '1e9', ''), fc.constantFrom(DIGEST, 'short', ''), json)
      .map(([version, seal, rest]) => `slotwire/${version} ${seal} ${rest}`),
  )
  return fc.sample(text, { seed, numRuns: count })
}

/** A change that nobody made, far ahead of the log. */
export function forgery(organizationId: string, subjectId: string, day: string): CommittedTransaction {
  const id = '00000000-0000-4000-8000-000000000000'
  const start = Date.parse(day)
  const claim = {
    id,
    resourceId: subjectId,
    start,
    end: start + 86_400_000,
    holdId: id,
    appointmentId: null,
    expiresAt: null,
  }
  return {
    organizationId,
    xid: '9007199254740991',
    changes: [{ subjectId, day, version: 1, delta: { added: [claim] } }],
    appointments: [],
  }
}

/** In all but its seal a message of this version. */
export function withFalseSeal(transaction: CommittedTransaction): string {
  return `slotwire/1 ${DIGEST} ${JSON.stringify({ from: 'x', transaction })}`
}

export function channelOf(prefix: string, organizationId: string): string {
  return partitionChannels(prefix)[partitionOf(organizationId)] as string
}

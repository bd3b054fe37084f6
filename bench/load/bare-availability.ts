// The bare SQL of the availability query: the same rows through postgres.js, one request after the other, nothing computed.

import { openDatabase } from '../../src/db/client.ts'
import type { AvailabilityCase } from '../support/availability-catalogue.ts'
import { ORGANIZATION_ID } from '../support/slots.ts'
import { median } from '../support/statistics.ts'

export interface BareJob {
  bare: AvailabilityCase
  measureMs: number
}

// With the gateway's own parsing of timestamps, which is cheaper than the library's.
const { sql } = openDatabase({ url: process.argv[2] ?? '', poolSize: 1 })

process.on('message', async ({ bare, measureMs }: BareJob) => {
  const times: number[] = []
  for (const endAt = performance.now() + measureMs; performance.now() < endAt; ) {
    const startedAt = performance.now()
    await fetchRows(bare)
    times.push(performance.now() - startedAt)
  }
  process.send?.({ medianMs: median(times) })
})
process.send?.({ ready: true })

// Definitions are left out: the gateway keeps them and reads their versions only. Sent together, in one packet.
function fetchRows({ serviceId, resourceIds, from, to }: AvailabilityCase): Promise<unknown> {
  const window = sql`tstzrange(${from}::timestamptz, ${to}::timestamptz)`
  return Promise.all([
    sql`select subject_id, version from resource_days
        where organization_id = ${ORGANIZATION_ID} and day = '0001-01-01' and subject_id = any(${[serviceId, ...resourceIds]}::uuid[])`,
    sql`select id, resource_id, lower(during) as start, upper(during) as "end", hold_id, appointment_id, expires_at from claims
        where organization_id = ${ORGANIZATION_ID} and resource_id = any(${resourceIds}::uuid[]) and active and during && ${window}`,
    sql`select id, resource_id, lower(during) as start, upper(during) as "end" from busy_intervals
        where organization_id = ${ORGANIZATION_ID} and resource_id = any(${resourceIds}::uuid[]) and during && ${window}`,
  ])
}

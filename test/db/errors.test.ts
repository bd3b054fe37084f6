// What the database may say to a booking is known by name.
import { afterAll, beforeAll, expect, it } from 'vitest'
import { OUTDATED_BY } from '../../src/db/errors.ts'
import { openTenant, type Tenant } from '../support/tenant.ts'

let tenant: Tenant
beforeAll(async () => {
  tenant = await openTenant()
})
afterAll(() => tenant[Symbol.asyncDispose]())

/** What a booking and its changes write. */
const WRITTEN = [
  'appointment_events',
  'appointments',
  'availability_changes',
  'claims',
  'customers',
  'external_bookings',
  'holds',
  'idempotency_keys',
  'resource_days',
  'webhook_deliveries',
]

/** Violated by a fault of ours only, and why. */
const NEVER = [
  'appointment_events_appointment_fkey', // both are written by one transaction
  'appointments_pkey', // the id was made for it, as for those below
  'claims_pkey',
  'customers_organization_fkey', // an organization stays
  'customers_pkey',
  'external_bookings_pkey', // on conflict
  'holds_pkey',
  'resource_days_pkey', // on conflict
  'webhook_deliveries_pkey',
]

it('every constraint that a booking can violate means that it is outdated, or is never violated', async () => {
  const rows = await tenant.db.sql<{ name: string }[]>`
    select conname as name from pg_constraint
    where conrelid = any(${WRITTEN}::text[]::regclass[]) and contype in ('f', 'u', 'p', 'x')
    union
    select indexrelid::regclass::text from pg_index where indrelid = any(${WRITTEN}::text[]::regclass[]) and indisunique
    order by name`
  expect(rows.map(({ name }) => name).sort()).toEqual([...OUTDATED_BY, ...NEVER].sort())
})

// An organization with a location in a test's own database, and short ways to fill it.

import { type Database, openDatabase } from '../../src/db/client.ts'
import { asSystem, inSnapshot, inTransaction, type Tx } from '../../src/db/transaction.ts'
import { createLocation } from '../../src/domain/catalogue/locations.ts'
import { createResource } from '../../src/domain/catalogue/resources.ts'
import { createService } from '../../src/domain/catalogue/services.ts'
import { createOrganization } from '../../src/domain/people/organizations.ts'
import { InvalidInputError } from '../../src/domain/vocabulary/refusals.ts'
import type { ResourceKind, SegmentDefinition, WeeklyHours } from '../../src/domain/vocabulary/types.ts'
import { openTestDatabase } from './database.ts'

export interface Tenant extends AsyncDisposable {
  db: Database
  url: string
  organizationId: string
  locationId: string
  write<T>(work: (tx: Tx) => Promise<T>): Promise<T>
  read<T>(work: (tx: Tx) => Promise<T>): Promise<T>
}

/** Disposing closes the pool and drops the database. */
export async function openTenant(): Promise<Tenant> {
  await using stack = new AsyncDisposableStack()
  const { url } = stack.use(await openTestDatabase())
  // Tests keep transactions open until something has happened, however busy the machine is.
  const db = stack.use(openDatabase({ url, idleLimitMs: 60_000 }))
  const tenant = await addTenant(db)
  const opened = stack.move()
  return { ...tenant, db, url, [Symbol.asyncDispose]: () => opened.disposeAsync() }
}

/** One more organization in the same database. */
export async function addTenant(db: Database): Promise<Omit<Tenant, 'db' | 'url' | keyof AsyncDisposable>> {
  const { organizationId } = await asSystem(db, (tx) => createOrganization(tx, { name: 'Salon' }))
  const write: Tenant['write'] = (work) => inTransaction(db, organizationId, work)
  const read: Tenant['read'] = (work) => inSnapshot(db, organizationId, work)
  const location = await write((tx) => createLocation(tx, { name: 'Mitte', timeZone: 'Europe/Berlin', country: 'DE' }))
  return { organizationId, locationId: location.id, write, read }
}

type TenantToFill = Pick<Tenant, 'write' | 'locationId'>

export async function addResource(
  { write, locationId }: TenantToFill,
  { kind = 'STAFF', name = 'Anna', weeklyHours = [] }: ResourceToAdd = {},
) {
  return write((tx) => createResource(tx, { locationId, kind, name, weeklyHours }))
}

interface ResourceToAdd {
  kind?: ResourceKind
  name?: string
  weeklyHours?: WeeklyHours[]
}

export async function addService({ write, locationId }: TenantToFill, segments: SegmentDefinition[]) {
  return write((tx) => createService(tx, { ...SERVICE_NUMBERS, locationId, name: 'Haircut', segments }))
}

export const SERVICE_NUMBERS = { slotIntervalMinutes: 15, minimumNoticeMinutes: 0, bookingHorizonDays: 90 }

/** Half an hour by one of the people. */
export function staffed(candidateIds: string[], changes: Partial<SegmentDefinition> = {}): SegmentDefinition {
  return {
    name: 'Segment',
    durationMinutes: 30,
    bufferBeforeMinutes: 0,
    bufferAfterMinutes: 0,
    resourceGroups: [{ kind: 'STAFF', candidateIds }],
    sameStaffAsPrevious: false,
    ...changes,
  }
}

/** The paths and messages of what was refused as `path.in.input: message`; fails if nothing was. */
export async function issuesOf(work: Promise<unknown>): Promise<string[]> {
  try {
    await work
  } catch (error) {
    if (error instanceof InvalidInputError) {
      return error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
    }
    throw error
  }
  throw new Error('Nothing was refused.')
}

// Locations: branches with a time zone and a country.
import { randomUUIDv7 } from 'node:crypto'
import { and, asc, eq, inArray } from 'drizzle-orm'
import { type CountryCode, isSupportedCountry } from 'libphonenumber-js/max'
import { locations } from '../../db/tables/organizations.ts'
import type { Tx } from '../../db/transaction.ts'
import { readName, refuseIssues } from '../vocabulary/input-issues.ts'
import type { InputIssue } from '../vocabulary/refusals.ts'

export interface LocationRecord {
  id: string
  name: string
  /** IANA name. */
  timeZone: string
  /** ISO 3166-1 alpha-2. */
  country: string
}

export async function createLocation(
  tx: Tx,
  input: { name: string; timeZone: string; country: string },
): Promise<LocationRecord> {
  const issues: InputIssue[] = []
  const name = readName(issues, ['name'], input.name)
  const timeZone = readTimeZone(issues, ['timeZone'], input.timeZone)
  const country = readCountry(issues, ['country'], input.country)
  refuseIssues(issues)
  const location = { id: randomUUIDv7(), name, timeZone, country }
  await tx.orm.insert(locations).values({ organizationId: tx.organizationId, ...location })
  return location
}

/** Those that exist among `ids`. */
export async function loadLocations(tx: Tx, ids: string[]): Promise<Map<string, LocationRecord>> {
  if (ids.length === 0) return new Map()
  const rows = await tx.orm
    .select(COLUMNS)
    .from(locations)
    .where(and(eq(locations.organizationId, tx.organizationId), inArray(locations.id, ids)))
  return new Map(rows.map((row) => [row.id, row]))
}

/** Oldest first. */
export async function listLocations(tx: Tx): Promise<LocationRecord[]> {
  return tx.orm
    .select(COLUMNS)
    .from(locations)
    .where(eq(locations.organizationId, tx.organizationId))
    .orderBy(asc(locations.id))
}

/** The country in which a location reads national phone numbers. Without a location: that of the organization's first. */
export async function findCountry(tx: Tx, locationId: string | null): Promise<CountryCode | null> {
  const [location] = await tx.sql<{ country: CountryCode }[]>`
    select country from locations
    where organization_id = ${tx.organizationId} and (${locationId}::uuid is null or id = ${locationId}::uuid)
    order by id limit 1`
  return location?.country ?? null
}

const COLUMNS = {
  id: locations.id,
  name: locations.name,
  timeZone: locations.timeZone,
  country: locations.country,
}

/** A name of the IANA database in its own spelling. An offset is none: it knows no daylight saving. */
function readTimeZone(issues: InputIssue[], path: string[], text: string): string {
  try {
    if (/^[A-Za-z][\w+/-]*$/.test(text))
      return Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(text).timeZoneId
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
  }
  issues.push({ path, message: `${JSON.stringify(text)} is no IANA time zone, such as Europe/Berlin.` })
  return text
}

function readCountry(issues: InputIssue[], path: string[], text: string): string {
  const country = text.toUpperCase()
  if (!isSupportedCountry(country)) {
    issues.push({ path, message: `${JSON.stringify(text)} is no ISO 3166 country of two letters, such as DE.` })
  }
  return country
}

// Customers: one row per phone number and organization, however many callers write it at once.
import { randomUUIDv7 } from 'node:crypto'
import { violatedConstraint } from '../../db/errors.ts'
import type { Tx } from '../../db/transaction.ts'
import { findCountry } from '../catalogue/locations.ts'
import { readEmail, readName, refuseIssues } from '../vocabulary/input-issues.ts'
import { readPhone } from '../vocabulary/phone-numbers.ts'
import { type InputIssue, InvalidInputError, NotFoundError } from '../vocabulary/refusals.ts'
import type { Instant } from '../vocabulary/types.ts'

export interface CustomerRecord {
  id: string
  name: string
  /** E.164. Null: withheld, nobody else is this customer. */
  phone: string | null
  email: string | null
  createdAt: Instant
}

/** `phone` as written. A customer who is known takes the new name, and the new e-mail address if there is one. */
export async function upsertCustomer(
  tx: Tx,
  input: { name: string; phone: string; email?: string | null; locationId?: string | null },
): Promise<CustomerRecord> {
  const country = await findCountry(tx, input.locationId ?? null)
  const issues: InputIssue[] = []
  if (input.locationId != null && country === null) {
    issues.push({ path: ['locationId'], message: 'There is no location with this id.' })
  }
  const name = readName(issues, ['name'], input.name)
  const email = readEmail(issues, ['email'], input.email)
  const { phone, issue } = readPhone(input.phone, country)
  if (issue) issues.push({ path: ['phone'], message: issue })
  else if (phone === null) issues.push({ path: ['phone'], message: WITHHELD_MESSAGE })
  refuseIssues(issues)
  const [customer] = await tx.sql<CustomerRecord[]>`
    insert into customers as c (organization_id, id, name, phone, email)
    values (${tx.organizationId}, ${randomUUIDv7()}, ${name}, ${phone}, ${email})
    on conflict (organization_id, phone) where phone is not null
      do update set name = excluded.name, email = coalesce(excluded.email, c.email)
    returning ${customerColumns(tx)}`
  return customer as CustomerRecord
}

const WITHHELD_MESSAGE =
  'A withheld number identifies nobody. Book with the customer’s details instead: such a booking gets a customer of its own.'

/**
 * Undefined fields stay as they are, and so does a null name; a null phone or e-mail is taken away. `phone` as written, read in the
 * country of the organization's first location.
 */
export async function updateCustomer(
  tx: Tx,
  input: { customerId: string; name?: string | null; phone?: string | null; email?: string | null },
): Promise<CustomerRecord> {
  const issues: InputIssue[] = []
  const name = input.name == null ? null : readName(issues, ['name'], input.name)
  const email = readEmail(issues, ['email'], input.email)
  const { phone, issue } = readPhone(input.phone, await findCountry(tx, null))
  if (issue) issues.push({ path: ['phone'], message: issue })
  else if (input.phone != null && phone === null) {
    issues.push({ path: ['phone'], message: 'A withheld number identifies nobody. Give null to take the number away.' })
  }
  refuseIssues(issues)
  const [customer] = await tx.sql<CustomerRecord[]>`
    update customers set name = coalesce(${name}::text, name),
      phone = case when ${input.phone === undefined} then phone else ${phone}::text end,
      email = case when ${input.email === undefined} then email else ${email}::text end
    where organization_id = ${tx.organizationId} and id = ${input.customerId}
    returning ${customerColumns(tx)}`.catch(refusePhoneOfAnother)
  if (!customer) throw new NotFoundError('customer')
  return customer
}

// The refusal ends the transaction, so it needs no savepoint.
function refusePhoneOfAnother(error: unknown): never {
  if (violatedConstraint(error) !== 'customers_one_per_phone') throw error
  throw new InvalidInputError([{ path: ['phone'], message: 'This number belongs to another customer.' }])
}

/** Those that exist among `ids`. */
export async function loadCustomers(tx: Tx, ids: string[]): Promise<Map<string, CustomerRecord>> {
  const rows = await tx.sql<CustomerRecord[]>`
    select ${customerColumns(tx)} from customers
    where organization_id = ${tx.organizationId} and id = any(${ids}::uuid[])`
  return new Map(rows.map((row) => [row.id, row]))
}

/** `phone` as written, read like `upsertCustomer` does. A withheld number is nobody's. */
export async function findCustomerByPhone(
  tx: Tx,
  input: { phone: string; locationId?: string | null },
): Promise<CustomerRecord | null> {
  const country = await findCountry(tx, input.locationId ?? null)
  if (input.locationId != null && country === null) return null
  const { phone, issue } = readPhone(input.phone, country)
  if (issue) throw new InvalidInputError([{ path: ['phone'], message: issue }])
  if (phone === null) return null
  const [customer] = await tx.sql<CustomerRecord[]>`
    select ${customerColumns(tx)} from customers where organization_id = ${tx.organizationId} and phone = ${phone}`
  return customer ?? null
}

export function customerColumns(tx: Tx) {
  return tx.sql`id, name, phone, email, created_at as "createdAt"`
}

// Where a person is written down: what belongs to a customer in every table, and how their number may be written.
import { parsePhoneNumberFromString } from 'libphonenumber-js/max'
import type { Tx } from '../../../db/transaction.ts'
import { type CustomerRecord, customerColumns } from '../../people/customers.ts'
import { NotFoundError } from '../../vocabulary/refusals.ts'

/** A call as its integration knows it. */
export interface OwnCall {
  id: string
  integrationId: string
  providerCallId: string | null
}

export interface PersonalData {
  customer: CustomerRecord
  appointmentIds: string[]
  /** By the carrier's number, by who was recognized, or by what was booked in them. */
  calls: OwnCall[]
  /** Of their bookings in outside calendars. */
  externalIds: string[]
}

/** Throws NotFoundError. */
export async function findPersonalData(tx: Tx, customerId: string): Promise<PersonalData> {
  const [customer] = await tx.sql<CustomerRecord[]>`
    select ${customerColumns(tx)} from customers
    where organization_id = ${tx.organizationId} and id = ${customerId}`
  if (!customer) throw new NotFoundError('customer')
  const appointments = await tx.sql<{ id: string }[]>`
    select id from appointments where organization_id = ${tx.organizationId} and customer_id = ${customerId} order by starts_at, id`
  const appointmentIds = appointments.map(({ id }) => id)
  const [calls, externalIds] = await Promise.all([
    tx.sql<OwnCall[]>`
      select id, integration_id as "integrationId", provider_call_id as "providerCallId" from calls c
      where organization_id = ${tx.organizationId} and (
        customer_id = ${customerId} or from_number = ${customer.phone} or to_number = ${customer.phone} or exists (
          select from call_functions f
          where f.organization_id = c.organization_id and f.integration_id = c.integration_id
            and f.provider_call_id = c.provider_call_id and f.appointment_id = any(${appointmentIds}::uuid[])))
      order by created_at, id`,
    tx.sql<{ id: string }[]>`
      select external_id as id from external_ids
      where organization_id = ${tx.organizationId} and appointment_id = any(${appointmentIds}::uuid[])`,
  ])
  return { customer, appointmentIds, calls: [...calls], externalIds: externalIds.map(({ id }) => id) }
}

/**
 * A POSIX expression for every notation of the number: the national digits with what people put between them, whatever stands
 * before (+49, 0049, 0). Null: there is no number.
 */
export function phonePattern(phone: string | null): string | null {
  const number = phone === null ? undefined : parsePhoneNumberFromString(phone)
  if (!number) return null
  return [...number.nationalNumber].join('[ ()/.–-]{0,2}')
}

/** For `like`: the text itself, anywhere. */
export function containing(text: string): string {
  return `%${text.replace(/[\\%_]/g, (mark) => `\\${mark}`)}%`
}

// Forgetting a person: everything that tells who they were goes, what happened stays.
import { randomUUIDv7 } from 'node:crypto'
import type { Database } from '../../../db/client.ts'
import { asSystem, type Tx } from '../../../db/transaction.ts'
import { containing, findPersonalData, type PersonalData, phonePattern } from './personal-data.ts'

export interface Erased {
  appointments: number
  calls: number
  deliveries: number
}

/** What stands where a name was. */
const ERASED_NAME = 'Erased'

/**
 * One transaction. The appointments go over to a customer who is nobody, and the row of the person is deleted: whoever books for them
 * at the same time either committed before and is included, or finds no customer. A booking that gives the number afterwards makes
 * a new customer; that is the person themselves, coming back.
 *
 * What an outside calendar or a receiver of webhooks was told before stays with them. Throws NotFoundError.
 */
export async function eraseCustomer(
  db: Database,
  { organizationId, customerId }: { organizationId: string; customerId: string },
): Promise<Erased> {
  // Histories are append-only for those who book; only the system may take a reason away.
  return asSystem(db, async (system) => {
    const tx = { ...system, organizationId }
    // Whoever books for them holds the row's key until their commit; what is read below is read after that.
    await tx.sql`select from customers where organization_id = ${organizationId} and id = ${customerId} for update`
    const data = await findPersonalData(tx, customerId)
    await replaceCustomer(tx, data)
    const deliveries = await eraseInbox(tx, data)
    await eraseCalls(tx, data)
    await eraseWhatWasTold(tx, data)
    return { appointments: data.appointmentIds.length, calls: data.calls.length, deliveries }
  })
}

async function replaceCustomer(tx: Tx, { customer }: PersonalData): Promise<void> {
  const nobody = randomUUIDv7()
  const guest = JSON.stringify({ name: ERASED_NAME, phone: null, email: null })
  await tx.sql`
    insert into customers (organization_id, id, name) values (${tx.organizationId}, ${nobody}, ${ERASED_NAME})`
  await tx.sql`
    update appointments set customer_id = ${nobody}, guest = ${guest}::jsonb, notes = null
    where organization_id = ${tx.organizationId} and customer_id = ${customer.id}`
  await tx.sql`
    update holds set customer_id = null where organization_id = ${tx.organizationId} and customer_id = ${customer.id}`
  await tx.sql`delete from customers where organization_id = ${tx.organizationId} and id = ${customer.id}`
}

async function eraseCalls(tx: Tx, { calls }: PersonalData): Promise<void> {
  await tx.sql`
    update calls set customer_id = null, from_number = null, to_number = null, transcript = null, transcript_items = null,
      recording_url = null, metadata = null, dynamic_variables = null, analysis = null, transfers = '[]', details = '{}'
    where organization_id = ${tx.organizationId} and id = any(${calls.map(({ id }) => id)}::uuid[])`
  await tx.sql`
    update call_functions f set arguments = '{}', answer = case when answer is null then null else '{}'::jsonb end
    from unnest(${calls.map((call) => call.integrationId)}::uuid[], ${calls.map((call) => call.providerCallId)}::text[])
      as own (integration_id, provider_call_id)
    where f.organization_id = ${tx.organizationId} and f.integration_id = own.integration_id
      and f.provider_call_id = own.provider_call_id`
}

/** By the ids of their calls and bookings, their number in any notation, their address and their name. Returns how many. */
async function eraseInbox(tx: Tx, { customer, calls, externalIds }: PersonalData): Promise<number> {
  const texts = [customer.name, customer.email, ...calls.map((call) => call.providerCallId), ...externalIds]
  const patterns = texts.filter((text) => text !== null).map(containing)
  const number = phonePattern(customer.phone)
  const { count } = await tx.sql`
    update inbox set body = '{}', result = null, error = null
    where organization_id = ${tx.organizationId}
      and (body ilike any(${patterns}::text[]) or result::text ilike any(${patterns}::text[])
        or (${number}::text is not null and (body ~ ${number ?? ''} or result::text ~ ${number ?? ''})))`
  await tx.sql`
    delete from idempotency_keys where organization_id = ${tx.organizationId}
      and (key ilike any(${patterns}::text[]) or (${number}::text is not null and key ~ ${number ?? ''}))`
  return count
}

/** To receivers of webhooks, to outside calendars (their answers may repeat a name), and by whoever gave a reason. */
async function eraseWhatWasTold(tx: Tx, { appointmentIds, externalIds }: PersonalData): Promise<void> {
  await tx.sql`
    update webhook_deliveries
    set snapshot = snapshot || jsonb_build_object('guest', null, 'reason', null), error = null
    where organization_id = ${tx.organizationId} and appointment_id = any(${appointmentIds}::uuid[])`
  await tx.sql`
    update external_bookings set last_error = null
    where organization_id = ${tx.organizationId} and appointment_id = any(${appointmentIds}::uuid[])`
  await tx.sql`
    update calendar_conflicts set message = ${ERASED_NAME}
    where organization_id = ${tx.organizationId}
      and (appointment_id = any(${appointmentIds}::uuid[]) or external_id = any(${externalIds}::text[]))`
  await tx.sql`
    update appointment_events set reason = null
    where organization_id = ${tx.organizationId} and appointment_id = any(${appointmentIds}::uuid[]) and reason is not null`
}

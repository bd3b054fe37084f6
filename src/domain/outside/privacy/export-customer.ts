// What is kept about a person, handed out whole: the right of access.
import type { Tx } from '../../../db/transaction.ts'
import { findPersonalData } from './personal-data.ts'

export interface CustomerExport {
  customer: { name: string; phone: string | null; email: string | null; createdAt: string }
  appointments: object[]
  calls: object[]
  webhookDeliveries: object[]
}

/** Instants are ISO 8601. Throws NotFoundError. */
export async function exportCustomer(tx: Tx, customerId: string): Promise<CustomerExport> {
  const { customer, appointmentIds, calls } = await findPersonalData(tx, customerId)
  const { name, phone, email } = customer
  // Rows as JSON by PostgreSQL itself: a column that is added later is in the export without anybody remembering it.
  const appointments = await tx.sql<{ row: object }[]>`
    select to_jsonb(a) - 'organization_id' || jsonb_build_object('history', (
        select coalesce(jsonb_agg(to_jsonb(e) - 'organization_id' - 'appointment_id' - 'xid' order by e.version), '[]')
        from appointment_events e where e.organization_id = a.organization_id and e.appointment_id = a.id)) as row
    from appointments a where organization_id = ${tx.organizationId} and id = any(${appointmentIds}::uuid[])
    order by starts_at, id`
  const ownCalls = await tx.sql<{ row: object }[]>`
    select to_jsonb(c) - 'organization_id' || jsonb_build_object('functions', (
        select coalesce(jsonb_agg(to_jsonb(f) - 'organization_id' order by f.started_at), '[]') from call_functions f
        where f.organization_id = c.organization_id and f.integration_id = c.integration_id
          and f.provider_call_id = c.provider_call_id)) as row
    from calls c where organization_id = ${tx.organizationId} and id = any(${calls.map(({ id }) => id)}::uuid[])
    order by created_at, id`
  const deliveries = await tx.sql<{ row: object }[]>`
    select to_jsonb(d) - 'organization_id' as row from webhook_deliveries d
    where organization_id = ${tx.organizationId} and appointment_id = any(${appointmentIds}::uuid[])
    order by occurred_at, id`
  return {
    customer: { name, phone, email, createdAt: new Date(customer.createdAt).toISOString() },
    appointments: appointments.map(({ row }) => row),
    calls: ownCalls.map(({ row }) => row),
    webhookDeliveries: deliveries.map(({ row }) => row),
  }
}

// What we know of bookings over there, by their ids: present, former and foreign ones.
import type { Tx } from '../../db/transaction.ts'

export interface ExternalIdRow {
  externalId: string
  state: 'REQUESTED' | 'ACCEPTED' | 'ENDED'
  appointmentId: string | null
  ours: boolean
  startsAt: number
  endsAt: number
}

export async function readExternalIds(
  tx: Tx,
  integrationId: string,
  externalIds: (string | null)[],
): Promise<Map<string, ExternalIdRow>> {
  const asked = externalIds.filter((id) => id !== null)
  const rows = await tx.sql<ExternalIdRow[]>`
    select external_id as "externalId", state, appointment_id as "appointmentId", ours, starts_at as "startsAt",
      ends_at as "endsAt"
    from external_ids
    where organization_id = ${tx.organizationId} and integration_id = ${integrationId} and external_id = any(${asked}::text[])`
  return new Map(rows.map((row) => [row.externalId, row]))
}

/** An id in the metadata counts only if we have asked this calendar to show the appointment. */
export async function findOwned(tx: Tx, integrationId: string, appointmentId: string | null): Promise<string | null> {
  if (appointmentId === null) return null
  const [row] = await tx.sql`
    select from external_bookings
    where organization_id = ${tx.organizationId} and integration_id = ${integrationId} and appointment_id = ${appointmentId}`
  return row ? appointmentId : null
}

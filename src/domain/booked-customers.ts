// Finds or makes the customers of a batch of bookings.
import type { Tx } from '../db/transaction.ts'

export interface NewCustomer {
  id: string
  name: string
  /** E.164. Null: withheld, a customer of its own. */
  phone: string | null
  email: string | null
}

/**
 * For each row the id of the customer who now stands for it, by the row's own id. A known customer is never overwritten: whoever
 * books with a number changes nothing about the person it belongs to.
 *
 * The rows go in ordered by phone, so batches that share numbers wait for each other in one order and never deadlock. Once a
 * transaction: a second call would begin a second order.
 */
export async function ensureCustomers(tx: Tx, rows: NewCustomer[]): Promise<Map<string, string>> {
  const standing = new Map<string, string>()
  let missing = rows
  // A customer who got in our way can have taken another number before we read; then the number is free again.
  for (let attempt = 0; missing.length > 0; attempt++) {
    if (attempt === 5) throw new Error('The phone numbers of the batch keep changing hands.')
    const phones = missing.flatMap((row) => row.phone ?? [])
    const [, present] = await Promise.all([
      tx.sql`
        insert into customers (organization_id, id, name, phone, email)
        select ${tx.organizationId}::uuid, id, name, phone, email
        from json_to_recordset(${JSON.stringify(missing)}::text::json) as r (id uuid, name text, phone text, email text)
        order by phone nulls first, id
        on conflict (organization_id, phone) where phone is not null do nothing`,
      // A statement of its own: it sees the rows of the transactions that the first one waited for.
      tx.sql<{ id: string; phone: string }[]>`
        select id, phone from customers
        where organization_id = ${tx.organizationId} and phone = any(${phones}::text[])`,
    ])
    const idOf = new Map(present.map(({ id, phone }) => [phone, id]))
    for (const { id, phone } of missing) {
      const customerId = phone === null ? id : idOf.get(phone)
      if (customerId !== undefined) standing.set(id, customerId)
    }
    missing = missing.filter((row) => !standing.has(row.id))
  }
  return standing
}

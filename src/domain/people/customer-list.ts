// The customers of an organization, searched and paged by name.
import type { Tx } from '../../db/transaction.ts'
import { type CustomerRecord, customerColumns } from './customers.ts'

/** Where a customer stands in the list. Two customers of one name stand by id. */
export interface CustomerPosition {
  name: string
  id: string
}

export interface CustomerPage {
  rows: CustomerRecord[]
  hasNextPage: boolean
  hasPreviousPage: boolean
}

/**
 * The first `first` after `after`, or the last `last` before `before` when only `last` is given; always by name, then id. A
 * position stays good when its customer is gone. `search` finds part of a name or e-mail address, or three digits and
 * more of a number.
 */
export async function listCustomers(
  tx: Tx,
  input: {
    search?: string | null
    first?: number | null
    after?: CustomerPosition | null
    last?: number | null
    before?: CustomerPosition | null
  },
): Promise<CustomerPage> {
  const { first, last, after, before } = input
  const backwards = first == null && last != null
  const limit = first ?? last ?? 50
  const matching = tx.sql`organization_id = ${tx.organizationId} ${searchCondition(tx, input.search)}`
  const above = after ? tx.sql`and (name, id) > (${after.name}::text, ${after.id}::uuid)` : tx.sql``
  const below = before ? tx.sql`and (name, id) < (${before.name}::text, ${before.id}::uuid)` : tx.sql``
  const order = backwards ? tx.sql`order by name desc, id desc` : tx.sql`order by name, id`
  const beyond = backwards
    ? before && tx.sql`(name, id) >= (${before.name}::text, ${before.id}::uuid)`
    : after && tx.sql`(name, id) <= (${after.name}::text, ${after.id}::uuid)`
  const [found, others] = await Promise.all([
    tx.sql<CustomerRecord[]>`
      select ${customerColumns(tx)} from customers where ${matching} ${above} ${below} ${order} limit ${limit + 1}`,
    beyond ? tx.sql`select from customers where ${matching} and ${beyond} limit 1` : null,
  ])
  const hasMore = found.length > limit
  const hasOthers = others !== null && others.count > 0
  const rows = found.slice(0, limit)
  return backwards
    ? { rows: rows.reverse(), hasNextPage: hasOthers, hasPreviousPage: hasMore }
    : { rows, hasNextPage: hasMore, hasPreviousPage: hasOthers }
}

function searchCondition(tx: Tx, search: string | null | undefined) {
  const text = search?.replaceAll('\0', '').trim() ?? ''
  if (text === '') return tx.sql``
  const pattern = `%${text.replace(/[\\%_]/g, '\\$&')}%`
  // The leading zeros of a national or international prefix are not in E.164.
  const digits = /^[\d\s()+/.-]+$/.test(text) ? text.replace(/\D/g, '').replace(/^0+/, '') : ''
  const byPhone = digits.length >= 3 ? tx.sql`or phone like ${`%${digits}%`}` : tx.sql``
  return tx.sql`and (name ilike ${pattern} or email ilike ${pattern} ${byPhone})`
}

// Visitors: whoever comes with a publishable key, which anybody can read, told apart by the network they come from.
import { createHmac } from 'node:crypto'
import type { Database } from '../../db/client.ts'
import type { Caller } from './callers.ts'
import { tokenSecret } from './manage-tokens.ts'

/** How much of a calendar visitors may keep from others. */
export interface VisitorLimits {
  /** Live holds of one client address, and of one publishable key. */
  holdsPerAddress: number
  holdsPerKey: number
  /** Bookings with publishable keys for one phone number within PHONE_PERIOD_MS. */
  bookingsPerPhone: number
}

export const VISITOR_LIMITS: VisitorLimits = { holdsPerAddress: 60, holdsPerKey: 2000, bookingsPerPhone: 20 }

export const PHONE_PERIOD_MS = 24 * 3_600_000

export interface Visitor {
  /** A keyed hash of the network, not the address itself. Empty: the address is not known. */
  network: string
  /** Keyed as well: what is counted says whom it counts to nobody but us. */
  hashOf(text: string): string
}

/** Null: not a visitor. Secret keys act for many people, the telephone for all its callers. */
export async function visitorOf(db: Database, caller: Caller): Promise<Visitor | null> {
  if (caller.kind !== 'PUBLISHABLE') return null
  const secret = await tokenSecret(db, caller.organizationId)
  if (secret === null) throw new Error('The organization has no token secret.')
  const hashOf = (text: string) =>
    createHmac('sha256', secret).update(`visitor ${text}`).digest('base64url').slice(0, 22)
  return { network: caller.network === undefined ? '' : hashOf(caller.network), hashOf }
}

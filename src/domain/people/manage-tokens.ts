// Manage tokens: bearer tokens for one appointment, derived and signed, never stored.
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Database } from '../../db/client.ts'
import { asSystem } from '../../db/transaction.ts'
import type { Caller } from './callers.ts'

const PREFIX = 'mt_'
const SIGNATURE_BYTES = 24

/** Secrets never change; kept so that a booking needs no further round trip. */
const secrets = new Map<string, string>()

/** The same appointment always has the same token, so that a repeated request gets the same answer. */
export async function createManageToken(
  db: Database,
  { organizationId, appointmentId }: { organizationId: string; appointmentId: string },
): Promise<string> {
  const secret = await tokenSecret(db, organizationId)
  if (secret === null) throw new Error('The organization has no token secret.')
  const ids = Buffer.concat([bytesOf(organizationId), bytesOf(appointmentId)])
  return PREFIX + Buffer.concat([ids, sign(secret, ids)]).toString('base64url')
}

/** The caller behind a token, or null if it is forged or malformed. */
export async function verifyManageToken(db: Database, token: string): Promise<Caller | null> {
  if (!token.startsWith(PREFIX)) return null
  const bytes = Buffer.from(token.slice(PREFIX.length), 'base64url')
  if (bytes.length !== 32 + SIGNATURE_BYTES) return null
  const organizationId = uuidOf(bytes.subarray(0, 16))
  const appointmentId = uuidOf(bytes.subarray(16, 32))
  const secret = await tokenSecret(db, organizationId)
  if (secret === null || !timingSafeEqual(sign(secret, bytes.subarray(0, 32)), bytes.subarray(32))) return null
  return {
    organizationId,
    kind: 'MANAGE',
    id: `manage:${appointmentId}`,
    appointmentId,
    actor: 'guest',
    origin: 'API',
  }
}

export async function tokenSecret(db: Database, organizationId: string): Promise<string | null> {
  const known = secrets.get(organizationId)
  if (known !== undefined) return known
  const [row] = await asSystem(
    db,
    (tx) => tx.sql<{ secret: string }[]>`
      select token_secret as secret from organizations where organization_id = ${organizationId}`,
  )
  if (row) secrets.set(organizationId, row.secret)
  return row?.secret ?? null
}

function sign(secret: string, ids: Buffer): Buffer {
  return createHmac('sha256', secret).update(ids).digest().subarray(0, SIGNATURE_BYTES)
}

function bytesOf(id: string): Buffer {
  return Buffer.from(id.replaceAll('-', ''), 'hex')
}

function uuidOf(bytes: Buffer): string {
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

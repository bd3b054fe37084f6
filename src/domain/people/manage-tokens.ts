// Manage tokens: bearer tokens for one appointment, derived and signed, never stored.
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Database } from '../../db/client.ts'
import { createLookups, type Lookups } from '../../db/lookups.ts'
import { asSystem } from '../../db/transaction.ts'
import type { Caller } from './callers.ts'
import { openToken, sealToken } from './sealed-tokens.ts'

const PREFIX = 'mt_'
const SIGNATURE_BYTES = 24

/** Secrets never change; kept so that a booking needs no further round trip. */
const secrets = new WeakMap<Database, Lookups<string>>()

/** The same appointment always has the same token, so that a repeated request gets the same answer. */
export async function createManageToken(
  db: Database,
  { organizationId, appointmentId }: { organizationId: string; appointmentId: string },
): Promise<string> {
  const secret = await tokenSecret(db, organizationId)
  if (secret === null) throw new Error('The organization has no token secret.')
  const ids = Buffer.concat([bytesOf(organizationId), bytesOf(appointmentId)])
  return sealToken(PREFIX, Buffer.concat([ids, sign(secret, ids)]).toString('base64url'))
}

/** The caller behind a token, or null if it is forged or malformed. */
export async function verifyManageToken(db: Database, token: string): Promise<Caller | null> {
  const body = openToken(PREFIX, token)
  if (body === null) return null
  const bytes = Buffer.from(body, 'base64url')
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
  const known = secrets.get(db) ?? readingSecrets(db)
  secrets.set(db, known)
  return known.find(organizationId)
}

function readingSecrets(db: Database): Lookups<string> {
  return createLookups({
    trustedForMs: 1000,
    staysTrue: true,
    async read(organizationIds) {
      const rows = await asSystem(
        db,
        (tx) => tx.sql<{ id: string; secret: string }[]>`
          select organization_id as id, token_secret as secret from organizations
          where organization_id = any(${organizationIds}::uuid[])`,
      )
      return new Map(rows.map(({ id, secret }) => [id, secret]))
    },
  })
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

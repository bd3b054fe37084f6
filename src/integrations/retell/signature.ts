// Checks Retell's signature over the bytes that arrived.
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { SignatureFault } from '../webhooks/observer.ts'

export const SIGNATURE_HEADER = 'x-retell-signature'

/** In both directions; exactly five minutes is accepted. */
const TOLERANCE_MS = 300_000

// Anchored: their old SDK tolerated text around the pair, and a header sent twice arrives joined by a comma.
const PATTERN = /^v=(\d{1,16}),d=([0-9a-f]{64})$/i

/**
 * `v=<Unix milliseconds>,d=<hex>`: HMAC-SHA256 under the account's webhook key over the raw body followed by the digits
 * of the timestamp. Never over a body that was parsed and written again. Null: genuine.
 */
export function findSignatureFault(
  header: string | string[] | undefined,
  { rawBody, key, now }: { rawBody: Buffer; key: string; now: number },
): SignatureFault | null {
  if (header === undefined || header === '') return 'missing'
  const match = typeof header === 'string' ? PATTERN.exec(header) : null
  if (!match) return 'malformed'
  const [, timestamp, digest] = match as unknown as [string, string, string]
  const expected = createHmac('sha256', key).update(rawBody).update(timestamp).digest()
  if (!timingSafeEqual(expected, Buffer.from(digest, 'hex'))) return 'mismatch'
  return Math.abs(now - Number(timestamp)) > TOLERANCE_MS ? 'expired' : null
}

/** As Retell signs; for fakes of the far side. */
export function signAsRetell(rawBody: Buffer | string, key: string, timestamp: number): string {
  const digest = createHmac('sha256', key).update(rawBody).update(String(timestamp)).digest('hex')
  return `v=${timestamp},d=${digest}`
}

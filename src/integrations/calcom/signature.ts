// Checks Cal.com's signature over the bytes that arrived.
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { SignatureFault } from '../webhooks/observer.ts'

export const SIGNATURE_HEADER = 'x-cal-signature-256'

// What they send for a subscription without a secret, `no-secret-provided`, has not this form: it is never genuine.
const PATTERN = /^[0-9a-f]{64}$/i

/** Hex HMAC-SHA256 under the subscription's secret. It holds no time: the inbox is the defence against replays. Null: genuine. */
export function findSignatureFault(
  header: string | string[] | undefined,
  { rawBody, secret }: { rawBody: Buffer; secret: string },
): SignatureFault | null {
  if (header === undefined || header === '') return 'missing'
  if (typeof header !== 'string' || !PATTERN.test(header)) return 'malformed'
  const expected = createHmac('sha256', secret).update(rawBody).digest()
  return timingSafeEqual(expected, Buffer.from(header, 'hex')) ? null : 'mismatch'
}

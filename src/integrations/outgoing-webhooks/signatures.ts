// Signs what is sent, by Standard Webhooks 1.0.0: HMAC-SHA256 over id, timestamp and body.
import { createHmac } from 'node:crypto'

const PREFIX = 'whsec_'

/** One signature by each secret, so that a receiver can change over from one to the other. */
export function signatureHeaders({
  id,
  timestampSeconds,
  body,
  secrets,
}: {
  id: string
  timestampSeconds: number
  body: string
  secrets: string[]
}): Record<'webhook-id' | 'webhook-timestamp' | 'webhook-signature', string> {
  const signed = `${id}.${timestampSeconds}.${body}`
  return {
    'webhook-id': id,
    'webhook-timestamp': String(timestampSeconds),
    'webhook-signature': secrets.map((secret) => `v1,${sign(secret, signed)}`).join(' '),
  }
}

function sign(secret: string, text: string): string {
  const key = Buffer.from(secret.slice(PREFIX.length), 'base64')
  return createHmac('sha256', key).update(text).digest('base64')
}

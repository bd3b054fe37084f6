// The shape of everything that opens a door: a prefix, a version, the token itself, and a checksum over all of it.
import { crc32 } from 'node:zlib'

/** `pk_1` + 43 characters + 6 of checksum. Another shape gets another number. */
const VERSION = '1'
const CHECKSUM_LENGTH = 6

/**
 * The checksum is no secret and proves nothing: it tells what was mistyped, cut off or made up from what was given out once, without
 * asking the database.
 */
export function sealToken(prefix: string, body: string): string {
  const text = `${prefix}${VERSION}${body}`
  return text + checksumOf(text)
}

/** What was sealed, or null: it was not. */
export function openToken(prefix: string, token: string): string | null {
  const start = prefix.length + VERSION.length
  if (!token.startsWith(prefix + VERSION) || token.length <= start + CHECKSUM_LENGTH) return null
  const text = token.slice(0, -CHECKSUM_LENGTH)
  return checksumOf(text) === token.slice(-CHECKSUM_LENGTH) ? text.slice(start) : null
}

function checksumOf(text: string): string {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(crc32(text))
  return bytes.toString('base64url')
}

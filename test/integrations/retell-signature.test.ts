import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { findSignatureFault, signAsRetell } from '../../src/integrations/retell/signature.ts'

const key = 'key_1'
const now = 1_800_000_000_000
const rawBody = Buffer.from('{"b": 1.0, "a":"ü\\u00fc"}')

function faultOf(
  header: string | string[] | undefined,
  given: Partial<{ rawBody: Buffer; key: string; now: number }> = {},
) {
  return findSignatureFault(header, { rawBody, key, now, ...given })
}

describe("Retell's signature", () => {
  it('is HMAC-SHA256 over the raw bytes followed by the digits of the timestamp', () => {
    const digest = createHmac('sha256', key)
      .update(Buffer.concat([rawBody, Buffer.from(String(now))]))
      .digest('hex')
    expect(faultOf(`v=${now},d=${digest}`)).toBeNull()
    expect(faultOf(signAsRetell(rawBody, key, now))).toBeNull()
  })

  it('is not over a body that was parsed and written again', () => {
    const rewritten = Buffer.from(JSON.stringify(JSON.parse(rawBody.toString())))
    expect(faultOf(signAsRetell(rawBody, key, now), { rawBody: rewritten })).toBe('mismatch')
  })

  it('is not over body and timestamp with something in between', () => {
    const digest = createHmac('sha256', key).update(`${rawBody}.${now}`).digest('hex')
    expect(faultOf(`v=${now},d=${digest}`)).toBe('mismatch')
  })

  it.each([0, 1, -1, 300_000, -300_000])('is taken %i ms away from now', (distance) => {
    expect(faultOf(signAsRetell(rawBody, key, now + distance))).toBeNull()
  })

  it.each([300_001, -300_001, 1e12])('is refused %i ms away from now, in the future too', (distance) => {
    expect(faultOf(signAsRetell(rawBody, key, now + distance))).toBe('expired')
  })

  it('counts in milliseconds: a timestamp in seconds is half a century old', () => {
    expect(faultOf(signAsRetell(rawBody, key, Math.round(now / 1000)))).toBe('expired')
  })

  it('takes digests in either case', () => {
    const [version, digest] = signAsRetell(rawBody, key, now).split(',d=') as [string, string]
    expect(faultOf(`${version},d=${digest.toUpperCase()}`)).toBeNull()
  })

  it.each([
    (header: string) => ` ${header}`,
    (header: string) => `${header} `,
    (header: string) => `${header}\n`,
    (header: string) => `x,${header}`,
    (header: string) => `${header},${header}`,
    (header: string) => `${header}00`,
    (header: string) => header.slice(0, -1),
    (header: string) => header.replace('v=', 't=').replace('d=', 'v1='),
    (header: string) => header.replace('v=', 'v=+'),
    () => 'v=,d=',
    () => 'no-secret-provided',
  ])('is anchored: text around the pair is refused (%#)', (spoil) => {
    expect(faultOf(spoil(signAsRetell(rawBody, key, now)))).toBe('malformed')
  })

  it('is missing, malformed or of another key: each has its name', () => {
    expect(faultOf(undefined)).toBe('missing')
    expect(faultOf('')).toBe('missing')
    expect(faultOf([signAsRetell(rawBody, key, now)])).toBe('malformed')
    expect(faultOf(signAsRetell(rawBody, 'another key', now))).toBe('mismatch')
    expect(faultOf(signAsRetell(rawBody, key, now), { key: 'another key' })).toBe('mismatch')
  })

  it('covers the empty body', () => {
    const empty = Buffer.alloc(0)
    expect(faultOf(signAsRetell(empty, key, now), { rawBody: empty })).toBeNull()
  })
})

// docs/limits.md is made from the declared table: `npx vitest run --project gateway test/docs/limits.test.ts -u` writes it anew.

import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { LIMIT_NAMES, LIMITS, type Way, WINDOW_SECONDS } from '../../src/runtime/limits/table.ts'

const WAYS: Record<Way, string> = {
  POST: 'POST',
  GET: 'GET',
  SSE: 'event streams',
  WEBSOCKET: 'WebSocket',
  DOORS: 'webhooks and calendars',
}

test('docs/limits.md says what the table says', async () => {
  const page = readFileSync(path.join(import.meta.dirname, '../../docs/limits.md'), 'utf8')
  const rest = page.slice(page.indexOf('## Documents and variables'))
  await expect(`${describeLimits()}\n${rest}`).toMatchFileSnapshot('../../docs/limits.md')
})

test('each limit has a variable of its own', () => {
  const variables = LIMIT_NAMES.map((name) => LIMITS[name].variable)
  expect(new Set(variables).size).toBe(variables.length)
  for (const variable of variables) expect(variable).toMatch(/^LIMIT_[A-Z_]+$/)
})

function describeLimits(): string {
  const rows = LIMIT_NAMES.map((name) => {
    const { variable, default: most, per, kind, ways, what, answer } = LIMITS[name]
    const number = kind === 'rate' ? `${most} in ${WINDOW_SECONDS} s` : String(most)
    return `| \`${variable}\` | ${number} | ${per} | ${what} | ${ways.map((way) => WAYS[way]).join(', ')} | ${answer} |`
  })
  return `${INTRODUCTION}
| Variable | Default | Of one | What | Ways in | Who has more |
|---|---|---|---|---|---|
${rows.join('\n')}
`
}

const INTRODUCTION = `# Limits

Nobody can stop Slotwire for anybody else: what one caller may use is bounded before it is spent, on every way in. The defaults are
numbers that the visitors of a salon never meet. Each is a variable of the environment, a whole number from 1.

- **Address**: one of version 4, or the /64 network of one of version 6. Behind proxies set \`TRUST_PROXY\` to their number, else all
  visitors come from the proxy's address. X-Forwarded-For is believed for so many entries from its end and no further.
- **Keys**: a secret key is counted by key alone, a publishable key and a manage token by their address too. A direct connection from
  this machine is counted by its key, and by its address only without one.
- **Deliveries** of webhooks are counted for their integration once their signature is genuine. Until then they count as requests
  without a key, and one sender's wrong signatures stop only what it sends to that integration.
- **Gateways**: rates are added up over all gateways in Redis, in the background: no request waits for Redis. While Redis is away each
  gateway gives its part of them. What is open is counted by each gateway.
- **Answers**: \`RATE_LIMITED\` says that this caller has too much, \`UNAVAILABLE\` that all together have. \`retryAfterMs\` in the
  extensions and the header Retry-After say when to come back. A socket that closes with 1013 may come back, one that closes with
  1008 should not.
`

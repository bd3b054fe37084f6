import type { lookup } from 'node:dns'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it } from 'vitest'
import { calcomSettingsOf } from '../../src/domain/outside/calendars/calendars.ts'
import { isPublicAddress, readWebhookUrl } from '../../src/domain/outside/webhooks/webhook-targets.ts'
import type { InputIssue } from '../../src/domain/vocabulary/refusals.ts'
import { createCalcomClient } from '../../src/integrations/calcom/client.ts'
import { requestGuarded } from '../../src/integrations/outgoing-http/guarded-request.ts'
import { openWebhookReceiver } from '../support/webhook-receiver.ts'

const MESSAGE = {
  method: 'POST',
  headers: {},
  body: '{}',
  timeoutMs: 5000,
  answerLimitBytes: 1000,
  allowsPrivate: false,
}

it.each([
  '127.0.0.1',
  '127.255.255.254',
  '0.0.0.0',
  '10.0.0.1',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.1.1',
  '169.254.169.254',
  '100.64.0.1',
  '100.127.255.255',
  '192.0.0.1',
  '192.0.2.1',
  '198.18.0.1',
  '198.51.100.1',
  '203.0.113.1',
  '224.0.0.1',
  '240.0.0.1',
  '255.255.255.255',
  '::',
  '::1',
  '::ffff:127.0.0.1',
  '::ffff:169.254.169.254',
  '::ffff:7f00:1',
  '64:ff9b::7f00:1',
  '64:ff9b:1::1',
  '100::1',
  '2001::1',
  '2001:db8::1',
  '2002:7f00:1::',
  'fc00::1',
  'fd00:ec2::254',
  'fe80::1',
  'fe80::1%eth0',
  'fec0::1',
  'ff02::1',
  'not an address',
])('%s is no public address', (address) => {
  expect(isPublicAddress(address)).toBe(false)
})

it.each(['8.8.8.8', '172.32.0.1', '100.128.0.1', '192.167.0.1', '2606:4700::1111', '2a00:1450:4001::1'])(
  '%s is a public address',
  (address) => {
    expect(isPublicAddress(address)).toBe(true)
  },
)

it.each([
  'http://example.org/hook',
  'https://localhost/hook',
  'https://service.internal/hook',
  'https://127.0.0.1/hook',
  'https://2130706433/hook',
  'https://0x7f.1/hook',
  'https://0177.0.0.1/hook',
  'https://[::1]/hook',
  'https://[::ffff:10.0.0.1]/hook',
  'https://169.254.169.254/latest/meta-data',
  'https://user:password@example.org/hook',
  'ftp://example.org/hook',
  'example.org/hook',
  `https://example.org/${'x'.repeat(2000)}`,
])('an endpoint at %s is refused', (url) => {
  const issues: InputIssue[] = []
  readWebhookUrl(issues, ['url'], url, { allowsPrivate: false })
  expect(issues).toHaveLength(1)
})

it('an endpoint at a public name is taken, without its fragment', () => {
  const issues: InputIssue[] = []
  const url = readWebhookUrl(issues, ['url'], ' https://example.org:8443/hook?a=1#b ', { allowsPrivate: false })
  expect([url, issues]).toEqual(['https://example.org:8443/hook?a=1', []])
})

/** A name server that answers every name with these. */
function resolvesTo(...addresses: string[]) {
  let asked = 0
  const answers = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
  const resolve = ((_name: string, _options: object, callback: (error: null, found: typeof answers) => void) => {
    asked++
    callback(null, answers)
  }) as unknown as typeof lookup
  return { resolve, asked: () => asked }
}

it.each([[['127.0.0.1']], [['127.0.0.1', '8.8.8.8']], [['8.8.8.8', '127.0.0.1']], [['::ffff:127.0.0.1']], [['::1']]])(
  'a public name that resolves to %j is not connected to',
  async (addresses) => {
    await using receiver = await openWebhookReceiver()
    const url = receiver.url.replace('http://127.0.0.1', 'https://hooks.example.org')
    const { resolve, asked } = resolvesTo(...addresses)
    expect(await requestGuarded({ ...MESSAGE, url, resolve })).toMatchObject({ error: 'The address is not public.' })
    expect([asked(), receiver.connections()]).toEqual([1, 0])
  },
)

it.each(['https://127.0.0.1', 'https://localhost', 'https://[::ffff:127.0.0.1]', 'https://2130706433'])(
  'an endpoint that was stored at %s is not connected to either',
  async (origin) => {
    await using receiver = await openWebhookReceiver()
    const url = receiver.url.replace('http://127.0.0.1', origin)
    expect(await requestGuarded({ ...MESSAGE, url })).toMatchObject({ error: 'The address is not public.' })
    expect(receiver.connections()).toBe(0)
  },
)

it('http is not sent to', async () => {
  await using receiver = await openWebhookReceiver()
  expect(await requestGuarded({ ...MESSAGE, url: receiver.url })).toMatchObject({ error: 'Only https is sent to.' })
  expect(receiver.connections()).toBe(0)
})

it('where tests and development allow it, a private address and http are sent to', async () => {
  await using receiver = await openWebhookReceiver()
  expect(await requestGuarded({ ...MESSAGE, url: receiver.url, allowsPrivate: true })).toMatchObject({ status: 204 })
})

it('an answer that is too long is cut off, and a redirect is not followed', async () => {
  const server = createServer((request, response) => {
    if (request.url === '/long') response.end('x'.repeat(1_000_000))
    else response.writeHead(302, { location: '/long' }).end()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const ask = (path: string) =>
    requestGuarded({ ...MESSAGE, method: 'GET', url: `${origin}${path}`, allowsPrivate: true })
  expect(await ask('/long')).toMatchObject({ status: 200, isCut: true })
  expect(await ask('/elsewhere')).toMatchObject({ status: 302, body: '', isCut: false })
  server.closeAllConnections()
  server.close()
})

it("Cal.com's address reaches no private network, and what stands there is told to nobody", async () => {
  await using receiver = await openWebhookReceiver()
  const integration = {
    apiKey: 'key',
    settings: calcomSettingsOf({ settings: { baseUrl: new URL(receiver.url).origin } }),
  }
  const guarded = createCalcomClient(integration, { timeoutMs: 5000, allowsPrivate: false })
  expect(await guarded.read('/me', '2024-06-14')).toMatchObject({ kind: 'UNKNOWN', message: 'Only https is sent to.' })
  expect(receiver.connections()).toBe(0)
  const open = createCalcomClient(integration, { timeoutMs: 5000, allowsPrivate: true })
  expect(await open.read('/me', '2024-06-14')).toEqual({
    kind: 'UNKNOWN',
    message: 'An answer that is none of Cal.com.',
  })
})

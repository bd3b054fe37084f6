// GraphiQL: a page without the internet, whose tabs run as they stand on the demo.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { until } from '../../support/until.ts'
import { openTestGateway, type TestGateway } from '../gateway.ts'

interface Tab {
  query: string
  variables: string
  headers: string
}

interface Settings {
  options: { defaultTabs: Tab[]; subscriptionsProtocol: string }
  workers: Record<string, string>
  fresh: boolean
}

let gateway: TestGateway

beforeAll(async () => {
  gateway = await openTestGateway({ withDemo: true })
})

afterAll(() => gateway[Symbol.asyncDispose]())

async function openPage(url = gateway.graphqlUrl) {
  const response = await fetch(url, { headers: { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' } })
  const html = await response.text()
  const settings: Settings = JSON.parse(/<script id="options"[^>]*>(.*?)<\/script>/s.exec(html)?.[1] ?? '{}')
  return { response, html, settings }
}

function nameOf(tab: Tab): string {
  return /(?:query|mutation|subscription) (\w+)/.exec(tab.query)?.[1] ?? ''
}

/** As GraphiQL would run it: the tab's text, variables and headers, and nothing else. */
async function run(name: string) {
  const { settings } = await openPage()
  const tab = settings.options.defaultTabs.find((candidate) => nameOf(candidate) === name)
  if (!tab) throw new Error(`There is no tab ${name}.`)
  const isLive = tab.query.includes('subscription ')
  const leaving = new AbortController()
  const response = await fetch(gateway.graphqlUrl, {
    method: 'POST',
    headers: {
      accept: isLive ? 'text/event-stream' : 'application/graphql-response+json',
      'content-type': 'application/json',
      ...JSON.parse(tab.headers),
    },
    body: JSON.stringify({ query: tab.query, variables: JSON.parse(tab.variables) }),
    signal: leaving.signal,
  })
  return { response, leave: () => leaving.abort() }
}

async function runToEnd(name: string) {
  const { response } = await run(name)
  return (await response.json()) as { data: Record<string, Record<string, unknown>>; errors?: unknown }
}

test('a browser that opens the address is led to it', async () => {
  const { response, html } = await openPage(gateway.url)
  expect(response.url).toBe(gateway.graphqlUrl)
  expect(html).toContain('<title>Slotwire</title>')
})

test('nothing comes from elsewhere', async () => {
  const { html, settings, response } = await openPage()
  const policy = response.headers.get('content-security-policy') ?? ''
  expect(policy).toContain("default-src 'none'")
  expect(policy).not.toContain('http')
  const addresses = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => String(match[1]))
  const files = [...addresses, ...Object.values(settings.workers)]
  expect(files.length).toBeGreaterThanOrEqual(6)
  for (const file of files) {
    expect(file).toMatch(/^\/graphiql\//)
    const answered = await fetch(gateway.url + file)
    expect(answered.status).toBe(200)
    expect(answered.headers.get('content-encoding')).toBe('gzip')
    expect(answered.headers.get('cache-control')).toContain('immutable')
    expect((await answered.arrayBuffer()).byteLength).toBeGreaterThan(500)
  }
  expect((await fetch(`${gateway.url}/graphiql/x/constructor`)).status).toBe(404)
})

test('keeps its tabs where they are pressed, for as long as its own style lets those with the focus jump', async () => {
  const { html } = await openPage()
  const [, address] = /<link rel="stylesheet" href="([^"]+)"/.exec(html) ?? []
  const style = await (await fetch(new URL(address ?? '', gateway.graphqlUrl))).text()
  expect(style).toContain('.graphiql-tab:not(:focus-within){transform:none!important}')
  expect(html).toContain('.graphiql-tab.graphiql-tab { transform: none !important }')
})

describe('on the demo', () => {
  test('there is a ready tab for every step, with the publishable key', async () => {
    const { settings } = await openPage()
    const { defaultTabs, subscriptionsProtocol } = settings.options
    expect(defaultTabs.map(nameOf)).toEqual(['FindSlots', 'Hold', 'Book', 'WatchLive', 'Refusal'])
    for (const tab of defaultTabs) {
      expect(JSON.parse(tab.headers)).toEqual({ Authorization: `Bearer ${gateway.publishableKey}` })
    }
    // Over HTTP, so that a live view carries the header too.
    expect(subscriptionsProtocol).toBe('SSE')
    expect(settings.fresh).toBe(true)
  })

  test('it finds slots, holds, books, and books again', async () => {
    const found = await runToEnd('FindSlots')
    expect(found.data.availability?.slots).not.toHaveLength(0)
    for (const time of ['first', 'second']) {
      const held = await runToEnd('Hold')
      expect(held.data.holdSlot, time).toMatchObject({ __typename: 'Hold', status: 'ACTIVE' })
      const booked = await runToEnd('Book')
      expect(booked.data.bookAppointment, time).toMatchObject({ __typename: 'BookedAppointment' })
    }
  })

  test('it shows a refusal with reasons and alternatives', async () => {
    const { holdSlot } = (await runToEnd('Refusal')).data
    expect(holdSlot).toMatchObject({ __typename: 'SlotUnavailableError' })
    expect(holdSlot?.reasons).not.toHaveLength(0)
    expect(holdSlot?.alternatives).not.toHaveLength(0)
  })

  test('it watches live what another tab books', async () => {
    const { response, leave } = await run('WatchLive')
    let text = ''
    const reading = (async () => {
      for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) text += chunk
    })().catch(() => {})
    await until(() => text.includes('SNAPSHOT'))
    await runToEnd('Book')
    await until(() => text.includes('CHANGE'))
    leave()
    await reading
  })
})

test('without the demo it carries no key, only placeholders', async () => {
  await using production = await openTestGateway()
  const { html, settings } = await openPage(production.graphqlUrl)
  expect(html).not.toContain(production.publishableKey)
  expect(settings.fresh).toBe(false)
  expect(settings.options.defaultTabs.map(nameOf)).toHaveLength(5)
  for (const tab of settings.options.defaultTabs) {
    expect(JSON.parse(tab.headers)).toEqual({ Authorization: 'Bearer pk_…' })
  }
})

// GraphiQL: a page without the internet, whose tabs run as they stand on the demo, and with a key elsewhere.

import { createContext, runInContext } from 'node:vm'
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
  note: string
}

let gateway: TestGateway

beforeAll(async () => {
  gateway = await openTestGateway({ withDemo: true })
})

afterAll(() => gateway[Symbol.asyncDispose]())

async function openPage(url = gateway.graphqlUrl, key?: string) {
  const response = await fetch(url, {
    headers: { accept: 'text/html,application/xhtml+xml,*/*;q=0.8', ...(key && { authorization: `Bearer ${key}` }) },
  })
  const html = await response.text()
  return { response, html, settings: readSettings(html) }
}

function readOptions(html: string): string {
  return /<script id="options"[^>]*>(.*?)<\/script>/s.exec(html)?.[1] ?? '{}'
}

function readSettings(html: string): Settings {
  return JSON.parse(readOptions(html))
}

/** The storage of a browser, as far as the page uses it. */
function openStorage() {
  const kept = new Map<string, string>()
  return {
    kept,
    getItem: (name: string) => kept.get(name) ?? null,
    setItem: (name: string, value: string) => void kept.set(name, value),
    removeItem: (name: string) => void kept.delete(name),
  }
}

/** Runs the page's own script as a browser does, with GraphiQL and its editor left out. */
async function openInBrowser(url: string, session = openStorage()) {
  const { html } = await openPage(url)
  const boot = await (await fetch(new URL(/src="([^"]+boot\.js)"/.exec(html)?.[1] ?? '', url))).text()
  const started = Promise.withResolvers<Tabs>()
  const local = openStorage()
  const listeners: Record<string, (event: object) => void> = {}
  const addEventListener = (name: string, listener: (event: object) => void) => {
    listeners[name] = listener
  }
  const element = { textContent: readOptions(html) }
  const note = { textContent: '' }
  const variables = { uri: { path: '/1/variables.json' }, text: '', getValue: () => variables.text, setValue: put }
  function put(text: string) {
    variables.text = text
  }
  const field = { value: '' }
  const elements = {
    options: element,
    note,
    key: html.includes('<form id="key"') ? { addEventListener, elements: { key: field } } : null,
  }
  let reloads = 0
  const page: Record<string, unknown> & { fetch: typeof fetch } = {
    fetch: (address, init) => fetch(new URL(String(address), url), init),
    document: {
      getElementById: (id: keyof typeof elements) => elements[id] ?? null,
      addEventListener,
    },
    DOMParser: class {
      parseFromString = (text: string) => ({ getElementById: () => ({ textContent: readOptions(text) }) })
    },
    location: { href: url, pathname: '/graphql', reload: () => void reloads++ },
    history: { replaceState: () => {} },
    monaco: { editor: { getModels: () => [variables] } },
    YogaGraphiQL: { renderYogaGraphiQL: (_: unknown, options: Tabs) => started.resolve(options) },
    localStorage: local,
    sessionStorage: session,
    queueMicrotask,
    URL,
  }
  page.self = page
  runInContext(boot, createContext(page))
  listeners.DOMContentLoaded?.({})
  const options = await started.promise
  const openTab = async (name: string) => {
    const tab = options.defaultTabs.find((candidate) => nameOf(candidate) === name)
    if (!tab) throw new Error(`There is no tab ${name}.`)
    put(tab.variables)
    options.onTabChange({ tabs: [tab], activeTabIndex: 0 })
    await Promise.resolve()
    return tab
  }
  return {
    note,
    local,
    session,
    reloads: () => reloads,
    giveKey(key: string) {
      field.value = key
      listeners.submit?.({ preventDefault: () => {} })
    },
    openTab,
    /** What GraphiQL would send: the text, the variables as they are in the editor, the headers. */
    async run(name: string) {
      const tab = await openTab(name)
      const answer = await page.fetch('/graphql', {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'application/json', ...JSON.parse(tab.headers) },
        body: JSON.stringify({ query: tab.query, variables: JSON.parse(variables.text) }),
      })
      return (await answer.json()) as Answer
    },
    variables: () => JSON.parse(variables.text).input as Record<string, unknown>,
  }
}

interface Tabs {
  defaultTabs: Tab[]
  onTabChange: (state: { tabs: Tab[]; activeTabIndex: number }) => void
}

interface Answer {
  data: Record<string, Record<string, unknown>>
  errors?: unknown
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
  return (await response.json()) as Answer
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
  const addresses = [...html.matchAll(/(?:src|<link rel="stylesheet" href)="([^"]+)"/g)].map((match) =>
    String(match[1]),
  )
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

  test('Book books what Hold has held, also when the held one is an alternative', async () => {
    const browser = await openInBrowser(gateway.graphqlUrl)
    // Several people can serve the first slot: it is held until nobody is left.
    const outcomes = new Set<string>()
    for (let round = 0; outcomes.size < 2; round++) {
      expect(round).toBeLessThan(10)
      const { holdSlot } = (await browser.run('Hold')).data
      outcomes.add(String(holdSlot?.__typename))
      const held = (holdSlot?.heldAlternative ?? holdSlot) as { id: string; startsAt: string }
      const { bookAppointment } = (await browser.run('Book')).data
      expect(browser.variables()).toMatchObject({ holdId: held.id })
      expect(browser.variables()).not.toHaveProperty('slot')
      expect(bookAppointment).toMatchObject({
        usedAlternative: false,
        appointment: { startsAt: held.startsAt },
      })
      await browser.openTab('Book')
      expect(browser.variables()).toHaveProperty('slot')
    }
  })

  test('the tab that ends when it is left says so, and leads to a second window', async () => {
    const { html, settings } = await openPage()
    const live = settings.options.defaultTabs.find((tab) => nameOf(tab) === 'WatchLive')
    expect(live?.query).toContain('It ends when you leave this tab')
    expect(html).toContain('<a href="/graphql" target="_blank" rel="opener">Second window</a>')
    expect(html).not.toContain('<form')
  })
})

describe('without the demo', () => {
  let production: TestGateway

  beforeAll(async () => {
    production = await openTestGateway()
  })

  afterAll(() => production[Symbol.asyncDispose]())

  test('it carries no key, only placeholders and a field for a key', async () => {
    const { html, settings } = await openPage(production.graphqlUrl)
    expect(html).not.toContain(production.publishableKey)
    expect(html).toContain('<form id="key">')
    expect(settings.fresh).toBe(false)
    expect(settings.note).toContain('Give a key')
    expect(settings.options.defaultTabs.map(nameOf)).toHaveLength(5)
    for (const tab of settings.options.defaultTabs) expect(JSON.parse(tab.headers)).toEqual({})
  })

  test('asked with a key it has true examples, and does not hand the key back', async () => {
    for (const key of [production.publishableKey, production.secretKey]) {
      const { html, settings, response } = await openPage(production.graphqlUrl, key)
      expect(settings).toMatchObject({ fresh: true, note: expect.stringContaining('filled in') })
      expect(html).not.toContain(key)
      expect(html).not.toContain('00000000-0000')
      expect(response.headers.get('cache-control')).toBe('no-store')
    }
    const { settings } = await openPage(production.graphqlUrl, 'pk_unknown')
    expect(settings).toMatchObject({ fresh: false, note: expect.stringContaining('This key is not known') })
  })

  test('a given key is kept for the window only, goes with every request, and every first run succeeds', async () => {
    const first = await openInBrowser(production.graphqlUrl)
    first.giveKey('pk_…')
    expect(first.reloads()).toBe(0)
    expect(first.note.textContent).toContain('A key has letters')
    first.giveKey(` Bearer ${production.publishableKey} `)
    expect(first.reloads()).toBe(1)
    const again = await openInBrowser(production.graphqlUrl, first.session)
    expect(again.note.textContent).toContain('filled in')
    for (const name of ['FindSlots', 'Hold', 'Book', 'Refusal']) {
      const answer = await again.run(name)
      expect(answer, name).not.toHaveProperty('errors')
      expect(JSON.stringify(answer), name).not.toMatch(/"code":"(NOT_FOUND|UNAUTHENTICATED|INVALID_INPUT)"/)
    }
    expect(JSON.stringify([...again.local.kept])).not.toContain(production.publishableKey)
    again.giveKey('')
    expect(again.session.getItem('slotwire:key')).toBeNull()
  })
})

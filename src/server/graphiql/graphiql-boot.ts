// The script that starts GraphiQL in the browser.

/**
 * GraphiQL brings back the tabs of the last visit and would ignore the ready ones then, whose dates have moved on. So
 * the ready tabs are always new, and what the visitor has written besides is put behind them.
 *
 * It takes the variables and headers of its first editor from the storage only, not from the first tab, and keeps the
 * query of the last editor in the address.
 */
const TABS = `
const keep = (name, value) => localStorage.setItem('graphiql:' + name, value)

function renewTabs(options) {
  const [first] = options.defaultTabs
  const ready = new Set(options.defaultTabs.map((tab) => tab.query))
  const address = new URL(location.href)
  if (ready.has(address.searchParams.get('query'))) {
    address.search = ''
    history.replaceState({}, '', address)
  }
  try {
    for (const { query, variables, headers } of JSON.parse(localStorage.getItem('graphiql:tabState') ?? '{"tabs":[]}').tabs) {
      if (!query || ready.has(query)) continue
      options.defaultTabs.push({ query, variables, headers: headers || first.headers })
    }
  } catch {
    // Not ours to read: the visitor begins with the ready tabs.
  }
  localStorage.removeItem('graphiql:tabState')
  keep('query', first.query)
  keep('variables', first.variables)
  keep('headers', first.headers)
}
`

/**
 * Without the demo the visitor gives a key. It is kept by this browser tab alone and goes with every request that has
 * no Authorization of its own; the page, asked with it, comes with examples that are true for it.
 */
const KEY = `
const ask = self.fetch.bind(self)
const readKey = () => sessionStorage.getItem('slotwire:key')
const withKey = (headers) => {
  const key = readKey()
  const isGiven = Object.entries(headers ?? {}).some(([name, value]) => name.toLowerCase() === 'authorization' && value)
  return key === null || isGiven ? headers : { ...headers, authorization: 'Bearer ' + key }
}

async function askForSettings() {
  const found = await ask(location.pathname, { headers: withKey({ accept: 'text/html' }), cache: 'no-store' })
  if (!found.ok) return { ...settings, note: 'The examples could not be filled in: status ' + found.status + '.' }
  const page = new DOMParser().parseFromString(await found.text(), 'text/html')
  return JSON.parse(page.getElementById('options').textContent)
}

function takeKeys(form) {
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    const key = form.elements.key.value.trim().replace(/^Bearer +/i, '')
    if (/[^\\x21-\\x7e]/.test(key)) {
      document.getElementById('note').textContent = 'A key has letters, digits, "_" and "-" only.'
      return
    }
    if (key === '') sessionStorage.removeItem('slotwire:key')
    else sessionStorage.setItem('slotwire:key', key)
    location.reload()
  })
}
`

/**
 * What was held last is put into the variables of the tab that books, where the visitor sees it: a document cannot
 * know what another one was answered.
 */
const HOLD = `
const lastHold = () => JSON.parse(sessionStorage.getItem('slotwire:hold') ?? 'null')

function note(data) {
  const held = data?.holdSlot?.heldAlternative ?? data?.holdSlot
  if (held?.expiresAt) sessionStorage.setItem('slotwire:hold', JSON.stringify({ id: held.id, expiresAt: held.expiresAt }))
  if (data?.bookAppointment?.__typename === 'BookedAppointment') sessionStorage.removeItem('slotwire:hold')
}

self.fetch = async (address, init) => {
  const answer = await ask(address, init && { ...init, headers: withKey(init.headers) })
  if (/json/.test(answer.headers.get('content-type') ?? '')) {
    await answer.clone().json().then(({ data }) => note(data)).catch(() => {})
  }
  return answer
}

function putHoldInto(booking) {
  const model = self.monaco.editor.getModels().find(({ uri }) => uri.path.endsWith('variables.json'))
  const hold = lastHold()
  if (!model) return
  try {
    const { input } = JSON.parse(model.getValue())
    const { holdId, slot, ...others } = input
    if (hold && Date.parse(hold.expiresAt) > Date.now()) {
      model.setValue(JSON.stringify({ input: { holdId: hold.id, ...others } }, null, 2))
    } else if (holdId) {
      model.setValue(booking.variables)
    }
  } catch {
    // Half written: the visitor's own.
  }
}
`

/** Before GraphiQL's own script: its editor is reached by a global name only if that is asked for before it loads. */
export const BOOT = `(() => {
let settings = JSON.parse(document.getElementById('options').textContent)
${TABS}${KEY}${HOLD}
self.MonacoEnvironment = { globalAPI: true, getWorkerUrl: (_, label) => settings.workers[label] }

async function start() {
  const form = document.getElementById('key')
  if (form) {
    takeKeys(form)
    if (readKey() !== null) settings = await askForSettings()
  }
  document.getElementById('note').textContent = settings.note
  const { options } = settings
  const booking = options.defaultTabs.find(({ query }) => query.includes('mutation Book('))
  if (settings.fresh || localStorage.getItem('graphiql:tabState') === null) renewTabs(options)
  options.onTabChange = ({ tabs, activeTabIndex }) => {
    if (tabs[activeTabIndex]?.query === booking.query) queueMicrotask(() => putHoldInto(booking))
  }
  YogaGraphiQL.renderYogaGraphiQL(document.getElementById('root'), options)
}
document.addEventListener('DOMContentLoaded', start)
})()
`

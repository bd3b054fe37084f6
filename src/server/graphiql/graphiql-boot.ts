// The script that starts GraphiQL in the browser.

/**
 * GraphiQL brings back the tabs of the last visit and would ignore the ready ones then, whose dates have moved on. So
 * the ready tabs are always new, and what the visitor has written besides is put behind them.
 *
 * It takes the variables and headers of its first editor from the storage only, not from the first tab, and keeps the
 * query of the last editor in the address.
 */
export const BOOT = `(() => {
  const { options, workers, fresh } = JSON.parse(document.getElementById('options').textContent)
  self.MonacoEnvironment = { globalAPI: false, getWorkerUrl: (_, label) => workers[label] }
  const [first] = options.defaultTabs
  const ready = new Set(options.defaultTabs.map((tab) => tab.query))
  const keep = (name, value) => localStorage.setItem('graphiql:' + name, value)
  const address = new URL(location.href)
  if (ready.has(address.searchParams.get('query'))) {
    address.search = ''
    history.replaceState({}, '', address)
  }
  const known = localStorage.getItem('graphiql:tabState')
  if (fresh || known === null) {
    try {
      for (const { query, variables, headers } of JSON.parse(known ?? '{"tabs":[]}').tabs) {
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
  YogaGraphiQL.renderYogaGraphiQL(document.getElementById('root'), options)
})()
`

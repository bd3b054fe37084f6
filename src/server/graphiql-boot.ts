// The script that starts GraphiQL in the browser.

/**
 * GraphiQL brings back the tabs of the last visit and would ignore the ready ones then, whose dates have moved on. So
 * the ready tabs are always new, and what the visitor has written besides is put behind them.
 */
export const BOOT = `(() => {
  const { options, workers, fresh } = JSON.parse(document.getElementById('options').textContent)
  self.MonacoEnvironment = { globalAPI: false, getWorkerUrl: (_, label) => workers[label] }
  if (fresh) {
    const ready = new Set(options.defaultTabs.map((tab) => tab.query))
    try {
      const kept = JSON.parse(localStorage.getItem('graphiql:tabState') ?? '{"tabs":[]}').tabs
      for (const { query, variables, headers } of kept) {
        if (!query || ready.has(query)) continue
        options.defaultTabs.push({ query, variables, headers: headers || options.defaultHeaders })
      }
    } catch {
      // Not ours to read: the visitor begins with the ready tabs.
    }
    for (const name of ['tabState', 'query', 'variables', 'headers']) localStorage.removeItem('graphiql:' + name)
  }
  YogaGraphiQL.renderYogaGraphiQL(document.getElementById('root'), options)
})()
`

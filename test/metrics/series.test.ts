import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { registry } from '../../src/metrics/series.ts'

const REPOSITORY = path.resolve(import.meta.dirname, '../..')
const read = (file: string) => readFileSync(path.join(REPOSITORY, file), 'utf8')

/** Ours only, sorted. A histogram's parts count as the histogram. */
function namesIn(text: string): string[] {
  const names = text.match(/\bslotwire_[a-z_]+/g) ?? []
  return [...new Set(names.map((name) => name.replace(/_(bucket|sum|count)$/, '')))].sort()
}

const series = registry
  .getMetricsAsArray()
  .map(({ name }) => name)
  .filter((name) => name.startsWith('slotwire_'))
  .sort()

test('the page on metrics, the dashboard and the code name the same series', () => {
  expect(namesIn(read('docs/metrics.md'))).toEqual(series)
  expect(namesIn(read('ops/grafana/slotwire.json'))).toEqual(series)
})

test('the rules and their tests name series that exist', () => {
  for (const file of ['ops/prometheus/alerts.yml', 'ops/prometheus/alerts.test.yml']) {
    const names = namesIn(read(file))
    expect(names.length).toBeGreaterThan(5)
    expect(names.filter((name) => !series.includes(name))).toEqual([])
  }
})

test('counters end in _total, and nothing else does; times are in seconds', () => {
  for (const metric of registry.getMetricsAsArray().filter(({ name }) => name.startsWith('slotwire_'))) {
    expect(`${metric.name}: ${metric.constructor.name}`).toMatch(
      metric.name.endsWith('_total') ? /: Counter$/ : /: (Gauge|Histogram)$/,
    )
    expect(metric.name).not.toMatch(/_(ms|milliseconds|minutes)\b/)
  }
})

test('each alert has its page in the runbook, and each page its alert', () => {
  const rules = read('ops/prometheus/alerts.yml')
  const alerts = [...rules.matchAll(/alert: (\w+)[\s\S]*?runbook: (\S+)/g)].map(([, name, page]) => [name, page])
  expect(alerts.length).toBe(rules.match(/- alert:/g)?.length)
  for (const [name, page] of alerts) expect(read(page ?? '')).toMatch(new RegExp(`^# ${name}\n`))
  const pages = globSync('docs/runbook/*.md', { cwd: REPOSITORY })
  expect(pages.sort()).toEqual(alerts.map(([, page]) => page).sort())
})

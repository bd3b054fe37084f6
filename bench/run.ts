// Runs the benchmarks, all or those named, and writes the table: `npm run bench`, `npm run bench -- bookings hello`.

import { parseArgs } from 'node:util'
import { measureAvailability } from './availability.ts'
import { measureBookings } from './bookings.ts'
import { measureFanOut } from './fan-out.ts'
import { measureGrowth } from './growth.ts'
import { measureHello } from './hello.ts'
import { measureLatency } from './latency.ts'
import { measurePages, PAGES_DEFAULTS } from './pages.ts'
import { measureSse } from './sse.ts'
import { requirePgbench } from './support/pgbench.ts'
import { isReached, type Report, writeReport } from './support/report.ts'
import { measureViews } from './views.ts'
import { measureVoice } from './voice.ts'

const { values, positionals: names } = parseArgs({
  allowPositionals: true,
  options: { pages: { type: 'string' }, 'churn-seconds': { type: 'string' } },
})
/** Bounded: an hour of coming and going, and as many pages as a process has sockets. */
const pages = {
  pages: numberOf('pages', PAGES_DEFAULTS.pages, 10_000),
  churnSeconds: numberOf('churn-seconds', PAGES_DEFAULTS.churnSeconds, 3600),
}

const PARTS: Record<string, () => Promise<Report>> = {
  bookings: measureBookings,
  availability: measureAvailability,
  hello: measureHello,
  'fan-out': measureFanOut,
  pages: () => measurePages(pages),
  sse: measureSse,
  latency: measureLatency,
  views: measureViews,
  voice: measureVoice,
  growth: measureGrowth,
}

const unknown = names.filter((name) => !Object.hasOwn(PARTS, name))
if (unknown.length > 0) {
  console.error(`There is no part ${unknown.join(', ')}: the parts are ${Object.keys(PARTS).join(', ')}.`)
  process.exit(2)
}
requirePgbench()
// Everything that was started goes with the process.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

const report: Report = { rows: [], notes: [] }
for (const [name, measure] of Object.entries(PARTS)) {
  if (names.length > 0 && !names.includes(name)) continue
  const startedAt = performance.now()
  console.error(`bench: ${name} …`)
  const { rows, notes } = await measure()
  report.rows.push(...rows)
  report.notes.push(...notes)
  console.error(`bench: ${name} took ${Math.round((performance.now() - startedAt) / 1000)} s`)
}
console.log(await writeReport(report))
process.exitCode = report.rows.some((row) => isReached(row) === false) ? 1 : 0

function numberOf(name: keyof typeof values, otherwise: number, limit: number): number {
  const number = Number(values[name] ?? otherwise)
  if (Number.isInteger(number) && number > 0 && number <= limit) return number
  console.error(`--${name} takes a whole number from 1 to ${limit}.`)
  process.exit(2)
}

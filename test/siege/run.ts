// Besieges two gateways, one attack after the other: npm run siege -- [--seconds N] [--only NAME] [--write].

import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { startTestPostgres } from '../support/postgres.ts'
import { ATTACKS } from './attacks.ts'
import { besiege, type Calm, measureCalm, type Outcome } from './besiege.ts'
import { gatherCrowd } from './crowd.ts'
import { openWorld } from './world.ts'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '5' },
    only: { type: 'string', default: '' },
    write: { type: 'boolean', default: false },
  },
})
const seconds = Number(values.seconds)
const chosen = ATTACKS.filter(({ name }) => name.includes(values.only))
const PAGE = path.join(import.meta.dirname, '../../docs/siege.md')

await using postgres = await startTestPostgres()
await using world = await openWorld(postgres.url)
await using crowd = await gatherCrowd(world, { watchers: 200, bookers: 32 })
// The first seconds compile.
await measureCalm(crowd, 5000)
const calm = await measureCalm(crowd, 10_000)
console.log(describeCalm(calm))
const outcomes: Outcome[] = []
for (const attack of chosen) {
  const outcome = await besiege({ world, crowd }, attack, { milliseconds: seconds * 1000, settleMs: 2000 })
  outcomes.push(outcome)
  console.log(rowOf(outcome, calm))
  for (const failure of new Set(outcome.failures)) console.log(`    ${failure}`)
}
const after = await measureCalm(crowd, 5000)
console.log(`Afterwards: ${describeCalm(after)}`)
if (values.write) writeFileSync(PAGE, describeSiege())
process.exitCode = outcomes.some(({ failures }) => failures.length > 0) ? 1 : 0

function describeCalm({ honest, p99Ms, failures }: Calm): string {
  return `${honest} honest requests in calm: p99 ${p99Ms.toFixed(0)} ms, ${failures.length} failed.`
}

function rowOf({ name, honest, failures, p99Ms, memory, recoveredMs, told }: Outcome, { p99Ms: calmMs }: Calm): string {
  const answers = Object.entries(told)
    .toSorted(([, one], [, other]) => other - one)
    .slice(0, 3)
    .map(([answer, times]) => `${answer} × ${times}`)
    .join(', ')
  const { before, highest, after: later } = memory
  const cells = [
    name,
    `${failures.length} of ${honest}`,
    `${p99Ms.toFixed(0)} ms (${(p99Ms / calmMs).toFixed(1)}×)`,
    `${before} → ${highest} → ${later} MB`,
    `${(recoveredMs / 1000).toFixed(1)} s`,
    answers,
  ]
  return `| ${cells.join(' | ')} |`
}

function describeSiege(): string {
  const rows = outcomes.map((outcome) => rowOf(outcome, calm))
  return `# The siege

\`npm run siege\` puts an honest crowd (200 watchers, 32 bookers of two organizations, a telephone) on one of two gateways and attacks them in
${ATTACKS.length} ways, ${seconds} seconds each, one file of \`test/siege/attacks/\` each. The table is one run of it, with attackers, gateways,
PostgreSQL and Redis on one shared machine of two cores, so that an attacker who computes takes time from everybody. \`--only NAME\` runs
some of them, \`--write\` writes this page.

In calm ${calm.honest} honest requests took at most ${calm.p99Ms.toFixed(0)} ms (p99); after everything ${after.p99Ms.toFixed(0)} ms.

| Attack | Honest requests that failed | Honest p99, times the calm one | Memory of both gateways before, at most, 2 s after | A booking reaches all watchers after | The attacker was told |
|---|---|---|---|---|---|
${rows.join('\n')}
`
}

// Runs the suite with shifted clocks, of Node and of PostgreSQL: npm run test:clock -- [--at ISO] [--instants few|all] [PATH…].

import { spawnSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { requireProgram } from '../support/programs.ts'
import { INSTANTS } from './instants.ts'

interface Report {
  numPassedTests: number
  numFailedTests: number
  success: boolean
  testResults: { name: string; status: string; assertionResults: { status: string; fullName: string }[] }[]
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { at: { type: 'string', multiple: true }, instants: { type: 'string', default: 'all' } },
})
requireProgram('faketime', 'faketime')
const folder = mkdtempSync(path.join(tmpdir(), 'slotwire-clock-'))
const outcomes = chooseInstants().map(runAt)
if (outcomes.includes(false)) process.exitCode = 1
process.stdout.write(`${outcomes.filter(Boolean).length} of ${outcomes.length} instants passed; output in ${folder}\n`)

function chooseInstants(): readonly string[] {
  const chosen = values.at ?? (values.instants === 'few' ? INSTANTS.few : INSTANTS.all)
  if (!['few', 'all'].includes(values.instants)) throw new Error('--instants is few or all.')
  const wrong = chosen.find((instant) => Number.isNaN(Date.parse(instant)))
  if (wrong !== undefined) throw new Error(`--at takes an instant such as 2027-03-28T00:30:00Z, not ${wrong}.`)
  return chosen
}

function runAt(instant: string): boolean {
  const name = path.join(folder, instant.replaceAll(':', ''))
  const output = openSync(`${name}.log`, 'w')
  const { status } = spawnSync(
    process.execPath,
    ['node_modules/vitest/vitest.mjs', 'run', '--project', 'gateway', ...positionals],
    {
      stdio: ['ignore', output, output],
      env: { ...ordinaryEnvironment(), TEST_REPORT: `${name}.json`, ...clockAt(Date.parse(instant)) },
    },
  )
  closeSync(output)
  const report = readReport(`${name}.json`)
  const counts = report ? `${report.numPassedTests} passed, ${report.numFailedTests} failed` : 'no report'
  process.stdout.write(`${instant}  ${counts}${status === 0 ? '' : `, exit ${status}`}\n`)
  for (const line of report ? failuresOf(report) : []) process.stdout.write(`  ${line}\n`)
  return status === 0 && report?.success === true
}

/** Servers that already run keep their own clock. */
function ordinaryEnvironment(): NodeJS.ProcessEnv {
  const { TEST_DATABASE_URL, REDIS_URL, ...environment } = process.env
  return environment
}

/** An offset, not a start: each process would begin at the start anew. Timers keep to the monotonic clock, which stays. */
function clockAt(at: number): NodeJS.ProcessEnv {
  const seconds = Math.round((at - Date.now()) / 1000)
  return {
    LD_PRELOAD: '/usr/$LIB/faketime/libfaketimeMT.so.1',
    FAKETIME: seconds < 0 ? `${seconds}` : `+${seconds}`,
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
  }
}

function readReport(file: string): Report | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return null
  }
}

function failuresOf({ testResults }: Report): string[] {
  return testResults.flatMap(({ name, status, assertionResults }) => {
    const file = path.relative(process.cwd(), name)
    const failed = assertionResults.filter((test) => test.status === 'failed')
    if (failed.length === 0 && status === 'failed') return [`${file}: did not load`]
    return failed.map((test) => `${file}: ${test.fullName}`)
  })
}

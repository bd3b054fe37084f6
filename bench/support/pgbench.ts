// Runs pgbench with a prepared script, every transaction on a slot of its own.

import { execFile, spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { bookingExpressions, type Spread, substitute } from './slots.ts'

interface PgbenchInput {
  databaseUrl: string
  /** A file of `sql/`. */
  script: string
  spread: Spread
  clients: number
  seconds: number
  /** The first slot; none that any contestant has used is used again. */
  base: number
  firstAt: number
  core?: number
}

const HOW_TO_INSTALL =
  'pgbench is not installed: it is in Debian’s postgresql-contrib (apt-get install postgresql-contrib).'

export function requirePgbench(): void {
  if (spawnSync('pgbench', ['--version']).error) throw new Error(HOW_TO_INSTALL)
}

/** Connecting 32 clients takes its time, and each of them first has to fill its caches. */
const WARM_UP_SECONDS = 2

/**
 * Transactions per second, the mean of the last `seconds`. (Its own rate "without initial connection time" is none: the
 * time runs while the clients connect.) Throws when a single transaction failed.
 */
export async function runPgbench(input: PgbenchInput): Promise<number> {
  const statement = await readFile(new URL(`../sql/${input.script}`, import.meta.url), 'utf8')
  const counting = `\\set i :i + 1\n\\set n :base + :i * ${input.clients} + :client_id\n`
  const body = substitute(statement.replace(/^--.*\n/gm, ''), bookingExpressions(input.spread))
  const folder = await mkdtemp(path.join(tmpdir(), 'slotwire-pgbench-'))
  const file = path.join(folder, 'script.sql')
  try {
    await writeFile(file, `${counting}${body.trimEnd().replace(/(?<!;)$/, ';')}\n`)
    const variables = { i: -1, base: input.base, first: input.firstAt / 1000 }
    const parameters = [
      ...['--no-vacuum', '--protocol=prepared', '--max-tries=1', `--file=${file}`],
      ...[`--client=${input.clients}`, '--jobs=1', `--time=${WARM_UP_SECONDS + input.seconds}`, '--progress=1'],
      ...Object.entries(variables).map(([name, value]) => `--define=${name}=${value}`),
      input.databaseUrl,
    ]
    const pinning = input.core === undefined ? [] : ['taskset', '-c', String(input.core)]
    const [command = 'pgbench', ...rest] = [...pinning, 'pgbench', ...parameters]
    const { stdout, stderr } = await promisify(execFile)(command, rest)
    const rates = [...stderr.matchAll(/^progress: .* s, ([\d.]+) tps/gm)].map(([, rate]) => Number(rate))
    const measured = rates.slice(-input.seconds)
    if (!/number of failed transactions: 0 /.test(stdout) || measured.length < input.seconds) {
      throw new Error(`pgbench failed: ${stdout}${stderr}`)
    }
    return measured.reduce((sum, rate) => sum + rate, 0) / measured.length
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

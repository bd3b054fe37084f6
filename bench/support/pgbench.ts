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

/** Transactions per second, connecting not counted. Throws when a single transaction failed. */
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
      ...[`--client=${input.clients}`, '--jobs=1', `--time=${input.seconds}`],
      ...Object.entries(variables).map(([name, value]) => `--define=${name}=${value}`),
      input.databaseUrl,
    ]
    const pinning = input.core === undefined ? [] : ['taskset', '-c', String(input.core)]
    const [command = 'pgbench', ...rest] = [...pinning, 'pgbench', ...parameters]
    const { stdout, stderr } = await promisify(execFile)(command, rest)
    const [, rate] = /tps = ([\d.]+) \(without initial connection time\)/.exec(stdout) ?? []
    if (!rate || !/number of failed transactions: 0 /.test(stdout) || /aborted/.test(stderr)) {
      throw new Error(`pgbench failed: ${stdout}${stderr}`)
    }
    return Number(rate)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

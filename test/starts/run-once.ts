// One start and its end, drawn by a seeded random source, and whether exit status and last words are right.

import { mkdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { startProcess, type TestProcess } from '../support/child-processes.ts'
import { REPOSITORY } from '../support/run-command.ts'
import type { Random } from '../support/seeded-random.ts'
import { until } from '../support/until.ts'
import type { World } from './world.ts'

/** Answers in which way it ended; throws what was not right. */
export async function runOnce(world: World, random: Random, options: { longestMs: number }): Promise<string> {
  const database = random.pick(['embedded', 'external'] as const)
  const [name, play] = random.pick(PLAYS.filter(([, , on]) => on === database || on === 'both'))
  const start = (parameters: string[], environment: Record<string, string> = {}) =>
    startProcess(`slotwire ${parameters[0]}`, process.execPath, ['src/slotwire.mjs', ...parameters], {
      cwd: REPOSITORY,
      environment: { ...world[database], ...environment },
    })
  const child = await play({ world, random, start, longestMs: options.longestMs })
  await world.requireNothingLeft()
  await child[Symbol.asyncDispose]()
  return `${name}, ${database}`
}

interface Play {
  world: World
  random: Random
  longestMs: number
  start: (parameters: string[], environment?: Record<string, string>) => TestProcess
}

const isReady = (child: TestProcess) => child.stdout().includes('\n') || child.exitCode() !== null

const PLAYS: [string, (play: Play) => Promise<TestProcess>, 'embedded' | 'external' | 'both'][] = [
  ['signalled at any moment', signalledAnytime, 'both'],
  ['signalled around readiness', signalledWhenReady, 'both'],
  ['the port is taken', portTaken, 'both'],
  ['a command is signalled', commandSignalled, 'both'],
  ['demo.json is a folder', demoIsFolder, 'embedded'],
  ['PostgreSQL dies', databaseDies, 'embedded'],
  ['PostgreSQL cuts every connection', connectionsCut, 'external'],
]

async function signalledAnytime({ random, start, longestMs }: Play) {
  const child = start(['serve'])
  await pause(random.below(longestMs))
  return signalled(child, random)
}

async function signalledWhenReady({ random, start }: Play) {
  const child = start(['serve'])
  await until(() => isReady(child), { deadlineMs: 60_000, intervalMs: 1 })
  await pause(random.below(400))
  return signalled(child, random)
}

async function commandSignalled({ random, start, longestMs }: Play) {
  const child = start([random.pick(['migrate', 'check', 'demo'])])
  await pause(random.below(longestMs))
  child.signal(random.pick(['SIGINT', 'SIGTERM'] as const))
  const code = await child.exited
  if (child.stdout() === '') requireOrderlyEnd(child, code)
  else if (typeof code === 'string') throw complaint(child, 'It had printed its result, but did not end by itself')
  return child
}

async function portTaken({ world, start }: Play) {
  const child = start(['serve'], { PORT: String(world.takenPort) })
  await requireSentence(child, `Port ${world.takenPort} is already in use.`)
  return child
}

async function demoIsFolder({ world, start }: Play) {
  await mkdir(path.join(world.dataFolder, 'demo.json'))
  const child = start(['serve'])
  await requireSentence(child, 'demo.json cannot be read (EISDIR)')
  return child
}

async function databaseDies({ start, random, world }: Play) {
  const child = start(['serve'])
  await until(() => isReady(child), { deadlineMs: 60_000 })
  const pid = Number.parseInt(await readFile(path.join(world.dataFolder, 'postgres/postmaster.pid'), 'utf8'), 10)
  await pause(random.below(200))
  process.kill(pid, random.pick(['SIGKILL', 'SIGINT', 'SIGQUIT'] as const))
  await requireSentence(child, 'The embedded PostgreSQL ended by itself')
  return child
}

async function connectionsCut({ start, random, world }: Play) {
  const child = start(['serve'])
  const cut = () =>
    world.db.sql`
      select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'`
  await until(() => isReady(child), { deadlineMs: 60_000 })
  for (let round = random.below(3); round >= 0; round--) {
    await pause(random.below(300))
    await cut()
  }
  child.signal('SIGTERM')
  await cut()
  const code = await child.exited
  // It may say that it lost them, and it ends as if it had not.
  if (code !== 0 || !linesOf(child).every(isLog)) throw complaint(child, `It ended with ${code}`)
  return child
}

async function signalled(child: TestProcess, random: Random) {
  const signal = random.pick(['SIGINT', 'SIGTERM'] as const)
  child.signal(signal)
  // As npm passes on what the terminal sent already.
  if (random.chance(0.3)) child.signal(signal)
  requireOrderlyEnd(child, await child.exited)
  return child
}

function requireOrderlyEnd(child: TestProcess, code: number | NodeJS.Signals): void {
  const lines = linesOf(child)
  // Before the command hears signals nothing is opened, and the signal itself ends the process.
  if (typeof code === 'string' && lines.length === 0 && child.stdout() === '') return
  const isQuiet = lines.every((line) => isLog(line) && JSON.parse(line).level < 40)
  if (code === 0 && isQuiet && lines.some((line) => line.includes('"msg":"stopping"'))) return
  throw complaint(child, `It ended with ${code}`)
}

async function requireSentence(child: TestProcess, sentence: string): Promise<void> {
  const code = await child.exited
  const lines = linesOf(child)
  const last = lines.pop() ?? ''
  if (code === 1 && last.includes(sentence) && !isLog(last) && lines.every(isLog)) return
  throw complaint(child, `It ended with ${code}, and its last words were not "${sentence}…"`)
}

function linesOf(child: TestProcess): string[] {
  return child.stderr().split('\n').filter(Boolean)
}

function isLog(line: string): boolean {
  return line.startsWith('{"level":')
}

function complaint(child: TestProcess, what: string): Error {
  return new Error(`${what}: ${child.stdout()}${child.stderr().slice(0, 4000)}`)
}

// One attack beside the honest crowd, measured: what failed, how long honest requests took, what memory was left, how soon all was well.

import { readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import type { Attack } from './attack.ts'
import type { Crowd, Measured } from './crowd.ts'
import type { World } from './world.ts'

export interface Outcome {
  name: string
  honest: number
  failures: string[]
  p99Ms: number
  /** Of both gateways together, in megabytes. */
  memory: { before: number; highest: number; after: number }
  /** From the end of the attack until a booking has reached every watcher. */
  recoveredMs: number
  /** What the attacker was told, with its number. */
  told: Record<string, number>
}

export interface Calm {
  p99Ms: number
  honest: number
  failures: string[]
}

export async function measureCalm(crowd: Crowd, milliseconds: number): Promise<Calm> {
  const measured = crowd.begin()
  await pause(milliseconds)
  const { failures } = crowd.begin()
  return { p99Ms: p99(measured), honest: measured.latenciesMs.length, failures: [...measured.failures, ...failures] }
}

let attackers = 0

export async function besiege(
  { world, crowd }: { world: World; crowd: Crowd },
  attack: Attack,
  { milliseconds, settleMs }: { milliseconds: number; settleMs: number },
): Promise<Outcome> {
  const told: Record<string, number> = {}
  const before = memoryOf(world)
  let highest = before
  const watch = setInterval(() => {
    highest = Math.max(highest, memoryOf(world))
  }, 100)
  const measured = crowd.begin()
  const ended = new AbortController()
  const running = attack.run({
    world,
    url: world.gateways[0].url,
    key: world.organizations[0].publishableKey,
    address: `203.0.113.${1 + (attackers++ % 250)}`,
    signal: ended.signal,
    note(answer) {
      told[answer] = (told[answer] ?? 0) + 1
    },
  })
  await pause(milliseconds)
  ended.abort()
  const endedAt = performance.now()
  await Promise.all([running, crowd.seesBookings()])
  const recoveredMs = performance.now() - endedAt
  const { latenciesMs, failures } = measured
  const outcome = { honest: latenciesMs.length, failures: [...failures], p99Ms: p99(measured) }
  await pause(settleMs)
  clearInterval(watch)
  return { name: attack.name, ...outcome, memory: { before, highest, after: memoryOf(world) }, recoveredMs, told }
}

function p99({ latenciesMs }: Measured): number {
  const sorted = latenciesMs.toSorted((one, other) => one - other)
  return sorted[Math.floor(sorted.length * 0.99)] ?? 0
}

/** Resident, as the system counts it; 0 where it does not tell. */
function memoryOf({ gateways }: World): number {
  const pages = gateways.map(({ pid }) => {
    try {
      return Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1] ?? 0)
    } catch {
      return 0
    }
  })
  return Math.round((pages.reduce((sum, count) => sum + count, 0) * 4096) / 1_000_000)
}

// One attack beside the honest crowd, measured: what failed, how long honest requests took, what memory was left, how soon all was well.

import { readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { until } from '../support/until.ts'
import type { Attack, Field, Order } from './attack.ts'
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
  return { p99Ms: p99(measured), honest: measured.latenciesMs.length, failures: [...measured.failures] }
}

let attackers = 0

export async function besiege(
  { world, crowd }: { world: World; crowd: Crowd },
  attack: Attack,
  { milliseconds, settleMs, untilMet = false }: { milliseconds: number; settleMs: number; untilMet?: boolean },
): Promise<Outcome> {
  const { name, meets } = attack
  const before = memoryOf(world)
  let highest = before
  const watch = setInterval(() => {
    highest = Math.max(highest, memoryOf(world))
  }, 100)
  const measured = crowd.begin()
  const attacker = startAttacker(world, name)
  try {
    await pause(milliseconds)
    if (untilMet && meets !== undefined) await until(() => attacker.noted.has(meets), { what: `${name}: ${meets}` })
  } finally {
    attacker.end()
  }
  const endedAt = performance.now()
  const [told] = await Promise.all([attacker.told, crowd.seesBookings()])
  const recoveredMs = performance.now() - endedAt
  const outcome = { honest: measured.latenciesMs.length, failures: [...measured.failures], p99Ms: p99(measured) }
  await pause(settleMs)
  clearInterval(watch)
  return { name, ...outcome, memory: { before, highest, after: memoryOf(world) }, recoveredMs, told }
}

interface Attacker {
  told: Promise<Record<string, number>>
  /** So far. */
  noted: ReadonlySet<string>
  end: () => void
}

function startAttacker(world: World, name: string): Attacker {
  const [first, second] = world.gateways
  const field: Field = {
    gateways: [
      { url: first.url, pid: first.pid },
      { url: second.url, pid: second.pid },
    ],
    organizations: world.organizations,
    integrationId: world.integrationId,
    redisUrl: world.redis.url,
  }
  const orders: Record<Order, () => void> = {
    'freeze Redis': () => world.redis.freeze(),
    'thaw Redis': () => world.redis.thaw(),
    'cut the second database': () => world.secondDatabase.cut(),
  }
  const address = `203.0.113.${1 + (attackers++ % 250)}`
  const workerData = { name, field, key: world.organizations[0].publishableKey, address }
  const worker = new Worker(new URL('./attacker.ts', import.meta.url), { workerData })
  const { promise: told, resolve, reject } = Promise.withResolvers<Record<string, number>>()
  const noted = new Set<string>()
  worker.on('error', reject)
  worker.on('message', (message: { order: Order } | { noted: string } | { told: Record<string, number> }) => {
    if ('order' in message) orders[message.order]()
    else if ('noted' in message) noted.add(message.noted)
    else resolve(message.told)
  })
  return { told, noted, end: () => worker.postMessage('end') }
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

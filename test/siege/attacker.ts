// Runs one attack in a thread of its own, so that what it computes is not waited for by the honest crowd.

import { parentPort, workerData } from 'node:worker_threads'
import type { Field, Order } from './attack.ts'
import { ATTACKS } from './attacks.ts'

const { name, field, key, address } = workerData as { name: string; field: Field; key: string; address: string }
const told: Record<string, number> = {}
const ended = new AbortController()
const order = (what: Order) => parentPort?.postMessage({ order: what })

parentPort?.once('message', () => ended.abort())
await ATTACKS.find((attack) => attack.name === name)?.run({
  world: {
    ...field,
    redis: { url: field.redisUrl, freeze: () => order('freeze Redis'), thaw: () => order('thaw Redis') },
    secondDatabase: { cut: () => order('cut the second database') },
  },
  url: field.gateways[0].url,
  key,
  address,
  signal: ended.signal,
  note(answer) {
    if (told[answer] === undefined) parentPort?.postMessage({ noted: answer })
    told[answer] = (told[answer] ?? 0) + 1
  },
})
parentPort?.postMessage({ told })
process.exit()

// Sends inputs from a seed to a running gateway, several at once, and notes what should not have happened.

import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createSchema } from '../../src/schema/schema.ts'
import { seededRandom } from '../support/seeded-random.ts'
import { until } from '../support/until.ts'
import { openFuzzedGateway } from './gateway.ts'
import { makeInput } from './inputs.ts'

export interface FuzzReport {
  inputs: number
  /** Each kind once, with its number and the first input: the same seed makes the same input again. */
  faults: string[]
  /** Of the heap: after a quarter of the inputs, and after all. */
  heapBytes: { early: number; late: number }
}

const AT_ONCE = 8
/** What an input has deleted or taken is there again for the next ones. */
const INPUTS_PER_WORLD = 400

export async function runFuzz({ inputs, seed }: { inputs: number; seed: number }): Promise<FuzzReport> {
  await using gateway = await openFuzzedGateway()
  const schema = createSchema()
  const faults = new Map<string, { count: number; first: string }>()
  let world = await gateway.newWorld()
  let early = 0
  for (let first = 0; first < inputs; first += INPUTS_PER_WORLD) {
    if (first > 0) world = await gateway.newWorld()
    let next = first
    const end = Math.min(inputs, first + INPUTS_PER_WORLD)
    const send = async () => {
      while (next < end) {
        const number = next++
        const { input, send: deliver } = makeInput(schema, world, seededRandom(seed * 1_000_003 + number))
        const verdict = await deliver(gateway.url).catch((error: Error) => `${error.message}: ${String(error.cause)}`)
        for (const fault of [...gateway.takeLogged(), ...(verdict ? [verdict] : [])]) {
          const told = `input ${number}: ${fault.slice(0, 1500)}\n${JSON.stringify(input)?.slice(0, 1500)}`
          const known = faults.get(kindOf(fault)) ?? { count: 0, first: told }
          faults.set(kindOf(fault), { ...known, count: known.count + 1 })
        }
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, send))
    if (first <= inputs / 4) early = await heapOf(gateway)
  }
  const told = [...faults.values()].map(({ count, first }) => `${count} × ${first}`)
  return { inputs, faults: told, heapBytes: { early, late: await heapOf(gateway) } }
}

/** Where it was thrown, else what was said. */
function kindOf(fault: string): string {
  return /^ *at .*$/m.exec(fault)?.[0] ?? fault.slice(0, 60)
}

/** Once all streams have ended. */
async function heapOf(gateway: { open: () => number }): Promise<number> {
  await until(() => gateway.open() === 0, { what: 'The end of all streams' })
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
  return process.memoryUsage().heapUsed
}

// Compares what clients know with what the query answers.

import { isDeepStrictEqual } from 'node:util'
import { requestGraphql } from '../support/graphql-request.ts'
import { describeSlots, QUERY_SLOTS, type SlotAnswer } from '../support/known-slots.ts'
import { until } from '../support/until.ts'
import type { View, Watcher } from './watchers.ts'
import type { ChaosWorld } from './world.ts'

/** Holds expire meanwhile, so a difference counts only if it stays. Answers how long the last one took. */
export async function converge(world: ChaosWorld, watchers: Watcher[]): Promise<number> {
  const startedAt = performance.now()
  let different = watchers
  let answer: string[] | undefined
  const compare = async () => {
    const compared: Watcher[] = []
    for (let first = 0; first < different.length; first += 10) {
      const some = different.slice(first, first + 10)
      const answers = await Promise.all(some.map(({ input }) => answerFor(world, input)))
      compared.push(...some.filter(({ known }, index) => !isDeepStrictEqual(known.describe(), answers[index])))
    }
    different = compared
    if (different[0]) answer = await answerFor(world, different[0].input)
    return different.length === 0
  }
  await until(compare, { deadlineMs: 30_000, intervalMs: 50, what: 'That every client knows the answer' }).catch(
    (error: unknown) => {
      const [first] = different
      const known = first?.known.describe() ?? []
      const lacking = answer?.filter((slot) => !known.includes(slot))
      const wrong = known.filter((slot) => !answer?.includes(slot))
      const told = { ...first?.input, ...first?.known.counts, lacking, wrong, all: different.map(({ input }) => input) }
      throw new Error(`${different.length} clients do not know the answer: ${JSON.stringify(told)}`, { cause: error })
    },
  )
  return performance.now() - startedAt
}

async function answerFor({ gateways, key }: ChaosWorld, input: View): Promise<string[]> {
  const url = String(gateways[1]?.process().url)
  const { data, errors } = await requestGraphql<{ availability: { slots: SlotAnswer[] } }>(url, {
    query: QUERY_SLOTS,
    variables: { input },
    key,
  })
  if (!data) throw new Error(JSON.stringify(errors))
  return describeSlots(data.availability.slots)
}

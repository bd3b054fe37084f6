// The other gateway loses all its connections to PostgreSQL, again and again, in the middle of its transactions.

import { type Attack, ask, DAY_MS, repeat, sleep } from '../attack.ts'

export const lostDatabase: Attack = {
  name: 'lost connections to PostgreSQL',
  async run(target) {
    const [, second] = target.world.gateways
    const { serviceId, secretKey } = target.world.organizations[0]
    const query = 'mutation ($input: HoldSlotInput!) { holdSlot(input: $input) { __typename } }'
    const day = Math.ceil(Date.now() / DAY_MS + 12) * DAY_MS
    let turn = 0
    const booking = repeat(target, 16, () => {
      const startsAt = new Date(day + (turn++ % 30) * DAY_MS + 16 * 3_600_000).toISOString()
      const input = { slot: { serviceId, startsAt }, ttlSeconds: 5 }
      return ask({ ...target, url: second.url }, { query, variables: { input } }, secretKey)
    })
    while (!target.signal.aborted) {
      await sleep(150, target.signal)
      target.world.secondDatabase.cut()
    }
    await booking
  },
}

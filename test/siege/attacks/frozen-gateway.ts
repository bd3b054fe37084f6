// The other gateway stops in the middle of its bookings, as if its machine had frozen.

import { type Attack, ask, DAY_MS, repeat, sleep } from '../attack.ts'

export const frozenGateway: Attack = {
  name: 'frozen gateway',
  async run(target) {
    const [, second] = target.world.gateways
    const { serviceId, secretKey } = target.world.organizations[0]
    const query = 'mutation ($input: HoldSlotInput!) { holdSlot(input: $input) { __typename } }'
    const day = Math.ceil(Date.now() / DAY_MS + 12) * DAY_MS
    let turn = 0
    const booking = repeat({ ...target }, 16, () => {
      // The days that honest bookers book.
      const startsAt = new Date(day + (turn++ % 30) * DAY_MS + 15 * 3_600_000).toISOString()
      const input = { slot: { serviceId, startsAt }, ttlSeconds: 5 }
      return ask({ ...target, url: second.url }, { query, variables: { input } }, secretKey)
    })
    while (!target.signal.aborted) {
      await sleep(300, target.signal)
      process.kill(second.pid, 'SIGSTOP')
      await sleep(1500, target.signal)
      process.kill(second.pid, 'SIGCONT')
    }
    await booking
  },
}

// One address that holds whatever there is, under sessions that it invents.

import { randomUUID } from 'node:crypto'
import { type Attack, ask, DAY_MS, repeat } from '../attack.ts'

export const hoardedHolds: Attack = {
  name: 'hoarded holds',
  run(target) {
    const query = 'mutation ($input: HoldSlotInput!) { holdSlot(input: $input) { __typename ... on Error { code } } }'
    const day = Math.ceil(Date.now() / DAY_MS + 60) * DAY_MS
    let turn = 0
    return repeat(target, 16, () => {
      const startsAt = new Date(day + (turn++ % 400) * 1_800_000).toISOString()
      const slot = { serviceId: target.world.organizations[0].serviceId, startsAt }
      return ask(target, { query, variables: { input: { slot, sessionKey: randomUUID(), ttlSeconds: 5 } } })
    })
  },
}

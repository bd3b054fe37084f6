// Large deliveries to an integration that is there, with a signature that is not its own.

import { type Attack, repeat, send } from '../attack.ts'

const body = 'x'.repeat(4_000_000)

export const wrongSignatures: Attack = {
  name: 'wrong signatures',
  run: (target) =>
    repeat(target, 20, () => {
      const headers = { 'x-retell-signature': `v=${Date.now()},d=${'0'.repeat(64)}` }
      return send(target, `/webhooks/retell/${target.world.integrationId}/events`, { method: 'POST', body, headers })
    }),
}

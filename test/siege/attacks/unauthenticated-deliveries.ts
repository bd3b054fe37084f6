// Eight megabytes each to integrations that nobody has.

import { randomUUID } from 'node:crypto'
import { type Attack, repeat, send } from '../attack.ts'

const body = 'x'.repeat(8_000_000)

export const unauthenticatedDeliveries: Attack = {
  name: 'unauthenticated deliveries',
  run: (target) =>
    repeat(target, 20, () => send(target, `/webhooks/retell/${randomUUID()}/events`, { method: 'POST', body })),
}

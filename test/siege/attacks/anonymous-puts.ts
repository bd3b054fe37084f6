// Event streams that are reserved and never opened.

import { type Attack, repeat, send } from '../attack.ts'

export const anonymousPuts: Attack = {
  name: 'anonymous PUTs',
  meets: 'RATE_LIMITED',
  run: (target) => repeat(target, 32, () => send(target, '/graphql/stream', { method: 'PUT' })),
}

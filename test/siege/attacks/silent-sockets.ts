// Sockets that never say who they are.

import { type Attack, holdSockets } from '../attack.ts'

export const silentSockets: Attack = {
  name: 'silent sockets',
  meets: '429',
  run: (target) => holdSockets(target, { count: 800, key: null }),
}

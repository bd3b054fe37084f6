// Live lists of appointments that ask for everything since long ago.

import { type Attack, holdSockets, subscribe } from '../attack.ts'

export const oldInstants: Attack = {
  name: 'old instants',
  run: (target) =>
    holdSockets(target, {
      count: 4,
      key: target.world.organizations[0].secretKey,
      use(socket) {
        const query = 'subscription ($after: String) { appointments(after: $after) { id } }'
        for (let id = 0; id < 20; id++)
          subscribe(socket, String(id), { query, variables: { after: '2000-01-01T00:00:00Z' } })
      },
    }),
}

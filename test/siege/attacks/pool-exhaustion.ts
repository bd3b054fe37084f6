// Hundreds of queries at once, each of which keeps a connection to the database.

import { type Attack, ask, repeat, watchPayload } from '../attack.ts'

export const poolExhaustion: Attack = {
  name: 'pool exhaustion',
  meets: 'RATE_LIMITED',
  run(target) {
    const { variables } = watchPayload(target, 3, 30)
    const query =
      'query ($input: AvailabilityInput!) { availability(input: $input) { slots { startsAt } } services { id name } }'
    return repeat(target, 300, () => ask(target, { query, variables }))
  },
}

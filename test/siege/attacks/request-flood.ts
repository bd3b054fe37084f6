// As many expensive queries as one address can send, with the publishable key.

import { type Attack, ask, repeat, watchPayload } from '../attack.ts'

export const requestFlood: Attack = {
  name: 'flood of queries',
  run(target) {
    const { variables } = watchPayload(target, 3, 14)
    const query =
      'query ($input: AvailabilityInput!) { availability(input: $input) { slots { startsAt segments { candidates { id } } } } }'
    return repeat(target, 32, () => ask(target, { query, variables }))
  },
}

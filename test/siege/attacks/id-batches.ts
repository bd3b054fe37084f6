// Thousands of ids in one request, none of which there is.

import { randomUUID } from 'node:crypto'
import { type Attack, ask, repeat } from '../attack.ts'

export const idBatches: Attack = {
  name: 'huge batches of ids',
  run(target) {
    const ids = Array.from({ length: 4000 }, () => `resource_${randomUUID()}`)
    const query = 'query ($ids: [ID!]!) { nodes(ids: $ids) { id } }'
    return repeat(target, 16, () => ask(target, { query, variables: { ids } }))
  },
}

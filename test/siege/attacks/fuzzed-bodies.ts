// Bytes of any kind where a request should be.

import { randomBytes } from 'node:crypto'
import { type Attack, repeat, send } from '../attack.ts'

export const fuzzedBodies: Attack = {
  name: 'random bytes',
  run: (target) =>
    repeat(target, 16, () =>
      send(target, '/graphql', {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${target.key}` },
        body: randomBytes(2000),
      }),
    ),
}

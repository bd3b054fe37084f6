// Bodies of a hundred thousand brackets, and variables as deep.

import { type Attack, ask, repeat } from '../attack.ts'

const DEEP = '['.repeat(60_000) + ']'.repeat(60_000)

export const deepJson: Attack = {
  name: 'deep JSON',
  meets: 'BAD_REQUEST',
  run: (target) =>
    repeat(target, 16, (index) =>
      ask(target, index % 2 === 0 ? DEEP : `{"query":"query ($a: JSON) { __typename }","variables":{"a":${DEEP}}}`),
    ),
}

// Fragments that spread two of the next level each: 2^40 fields in three kilobytes, without a key.

import { type Attack, ask, repeat } from '../attack.ts'

const LEVELS = 40
const fragments = Array.from(
  { length: LEVELS },
  (_, level) =>
    `fragment F${level} on Query { ...${level + 1 < LEVELS ? `F${level + 1}` : 'END'} a${level}: __typename }`,
)
const query = `{ ...F0 ...F0 } ${fragments.join(' ')} fragment END on Query { __typename }`

export const nestedFragments: Attack = {
  name: 'nested fragments',
  meets: 'BAD_USER_INPUT',
  run: (target) => repeat(target, 8, () => ask(target, { query }, null)),
}

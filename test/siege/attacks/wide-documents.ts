// Thousands of aliases, another document each time: nothing is ever cached.

import { type Attack, ask, repeat } from '../attack.ts'

export const wideDocuments: Attack = {
  name: 'wide documents',
  meets: 'BAD_USER_INPUT',
  run(target) {
    let turn = 0
    return repeat(target, 8, () => {
      turn++
      const fields = Array.from({ length: 900 }, (_, index) => `a${turn}_${index}: __typename`)
      return ask(target, { query: `{ ${fields.join(' ')} }` })
    })
  },
}

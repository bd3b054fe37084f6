// Keys with a right checksum that nobody was given, from addresses without end: each has to be looked up.

import { randomBytes } from 'node:crypto'
import { sealToken } from '../../../src/domain/people/sealed-tokens.ts'
import { type Attack, ask, repeat } from '../attack.ts'

export const sealedForgeries: Attack = {
  name: 'forged keys with a checksum',
  meets: 'UNAUTHENTICATED',
  run: (target) =>
    repeat(target, 32, () => {
      const [a, b] = randomBytes(2)
      const key = sealToken('sk_', randomBytes(32).toString('base64url'))
      return ask({ ...target, address: `203.0.${a}.${b}` }, { query: '{ services { id } }' }, key)
    }),
}

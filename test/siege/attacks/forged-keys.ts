// Keys that were never given out, another one each time.

import { randomBytes } from 'node:crypto'
import { type Attack, ask, repeat } from '../attack.ts'

export const forgedKeys: Attack = {
  name: 'forged keys',
  meets: 'UNAUTHENTICATED',
  run: (target) =>
    repeat(target, 32, () => {
      const key = `pk_1${randomBytes(36).toString('base64url')}`
      return ask(target, { query: '{ services { id } }' }, key)
    }),
}

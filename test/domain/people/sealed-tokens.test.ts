// A token that was never given out is told from one that was, without asking anybody.

import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { openToken, sealToken } from '../../../src/domain/people/sealed-tokens.ts'

test('what was sealed opens, under its own prefix only', () => {
  const body = randomBytes(32).toString('base64url')
  const token = sealToken('pk_', body)
  expect(token).toMatch(/^pk_1[\w-]{49}$/)
  expect(openToken('pk_', token)).toBe(body)
  expect(openToken('sk_', token)).toBeNull()
  expect(openToken('sk_', token.replace('pk_', 'sk_'))).toBeNull()
})

test('a character that was changed, lost, added or swapped opens nothing', () => {
  const token = sealToken('pk_', randomBytes(32).toString('base64url'))
  for (let at = 0; at < token.length; at++) {
    const other = token[at] === 'x' ? 'y' : 'x'
    expect(openToken('pk_', token.slice(0, at) + other + token.slice(at + 1))).toBeNull()
    expect(openToken('pk_', token.slice(0, at) + token.slice(at + 1))).toBeNull()
  }
  for (const text of ['', 'pk_', 'pk_1', `${token}x`, ` ${token}`]) expect(openToken('pk_', text)).toBeNull()
})

test('of ten thousand invented tokens none opens', () => {
  const opened = Array.from({ length: 10_000 }, () => openToken('pk_', `pk_1${randomBytes(36).toString('base64url')}`))
  expect(opened.filter((body) => body !== null)).toEqual([])
})

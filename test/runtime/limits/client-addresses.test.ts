// An address is what a trusted proxy says, or where the connection comes from; nobody chooses his own.

import type { IncomingMessage } from 'node:http'
import { expect, test } from 'vitest'
import { createOriginOf } from '../../../src/runtime/limits/client-addresses.ts'

function originOf(proxies: number, remoteAddress: string, forwarded?: string) {
  const headers = forwarded === undefined ? {} : { 'x-forwarded-for': forwarded }
  return createOriginOf(proxies)({ socket: { remoteAddress } as IncomingMessage['socket'], headers })
}

test('without a proxy X-Forwarded-For says nothing', () => {
  expect(originOf(0, '203.0.113.1', '198.51.100.7')).toEqual({ address: '203.0.113.1', isLocal: false })
})

test('behind proxies the last entries are believed, and none before them', () => {
  const forged = '1.1.1.1, 203.0.113.9, 10.0.0.1'
  expect(originOf(1, '10.0.0.2', forged).address).toBe('10.0.0.1')
  expect(originOf(2, '10.0.0.2', forged).address).toBe('203.0.113.9')
  expect(originOf(2, '10.0.0.2', '203.0.113.9').address).toBe('10.0.0.2')
  expect(originOf(1, '10.0.0.2', 'nobody').address).toBe('10.0.0.2')
})

test.for([
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8:1:2::1', '2001:db8:1:2::/64'],
  ['2001:0DB8:0001:0002::9', '2001:db8:1:2::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['::ffff:203.0.113.1', '203.0.113.1'],
  ['[2001:db8:1:2::1]:443', '2001:db8:1:2::/64'],
  ['203.0.113.1:5000', '203.0.113.1'],
])('%s counts as %s', ([given, counted]) => {
  expect(originOf(1, '10.0.0.2', given).address).toBe(counted)
})

test.for(['127.0.0.1', '::1', '::ffff:127.0.0.1'])('%s is this machine', (address) => {
  expect(originOf(0, address).isLocal).toBe(true)
})

test('nobody becomes this machine by a header', () => {
  expect(originOf(1, '127.0.0.1', '127.0.0.1').isLocal).toBe(false)
})

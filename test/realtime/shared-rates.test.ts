// What several gateways count of one caller is one sum, as long as there is a Redis; without it nobody is without a limit.

import { expect, test } from 'vitest'
import { createSharedRates } from '../../src/realtime/shared-rates.ts'
import { LimitExceeded } from '../../src/runtime/limits/limit-exceeded.ts'
import { DEFAULT_LIMITS } from '../../src/runtime/limits/table.ts'
import { createWindows } from '../../src/runtime/limits/windows.ts'
import { createLogger } from '../../src/runtime/logger.ts'
import { startRedis } from '../support/redis.ts'
import { until } from '../support/until.ts'

const limits = { ...DEFAULT_LIMITS, requestsPerAddress: 100 }
const ADDRESS = '203.0.113.1'

function openGateway(url: string) {
  const windows = createWindows(limits)
  const shared = createSharedRates({
    ...{ urls: [url], prefix: 'test:', limits, windows, logger: createLogger('silent'), intervalMs: 10 },
  })
  let counted = 0
  const isRefused = (address = ADDRESS) => {
    try {
      windows.count('requestsPerAddress', address)
      counted++
      return false
    } catch (error) {
      if (error instanceof LimitExceeded) return true
      throw error
    }
  }
  return { windows, isRefused, counted: () => counted, ...shared }
}

/** Until the first refusal. */
function countAll({ windows }: ReturnType<typeof openGateway>, address: string): number {
  for (let counted = 0; ; counted++) {
    try {
      windows.count('requestsPerAddress', address)
    } catch (error) {
      if (error instanceof LimitExceeded) return counted
      throw error
    }
  }
}

test('two gateways give one limit together, and half of it each while Redis is frozen or gone', async () => {
  await using redis = await startRedis()
  await using first = openGateway(redis.url)
  await using second = openGateway(redis.url)
  await until(() => first.gateways() === 2 && second.gateways() === 2)

  first.windows.count('requestsPerAddress', ADDRESS, 60)
  second.windows.count('requestsPerAddress', ADDRESS, 50)
  // Neither is at its own limit, and both are told of the sum as soon as they count again.
  await until(() => first.isRefused(), { intervalMs: 50, what: 'That the first refuses' })
  await until(() => second.isRefused(), { intervalMs: 50, what: 'That the second refuses' })
  expect(second.counted()).toBeLessThan(50)
  expect(first.isRefused('203.0.113.2')).toBe(false)

  redis.freeze()
  await until(() => first.isAway() && second.isAway())
  expect(countAll(first, '203.0.113.3')).toBe(50)
  expect(countAll(second, '203.0.113.3')).toBe(50)
  redis.thaw()
  await until(() => !first.isAway() && !second.isAway())
  expect(countAll(first, '203.0.113.4')).toBe(100)

  await redis.stop()
  await until(() => first.isAway() && second.isAway())
  expect(countAll(first, '203.0.113.5')).toBe(50)
  await redis.start()
  await until(() => !first.isAway() && !second.isAway())
})

test('a caller who uses little is not told to Redis', () => {
  const windows = createWindows(limits)
  windows.count('requestsPerAddress', ADDRESS, 9)
  expect(windows.takePending(10)).toEqual([])
  windows.count('requestsPerAddress', ADDRESS)
  expect(windows.takePending(10)).toEqual([{ limit: 'requestsPerAddress', key: ADDRESS, points: 10 }])
  expect(windows.takePending(10)).toEqual([])
})

import path from 'node:path'
import { expect, test } from 'vitest'
import { readConfig } from '../../src/runtime/config.ts'

test('an empty environment is a gateway for this machine with everything embedded', () => {
  expect(readConfig({})).toMatchObject({
    databaseUrl: null,
    redisUrls: [],
    host: '127.0.0.1',
    port: 4000,
    dataDirectory: path.resolve('.slotwire'),
    migrate: true,
    advisoryLocks: true,
    privateWebhooks: false,
  })
})

test('a gateway with a database of its own listens to other machines', () => {
  expect(readConfig({ DATABASE_URL: 'postgres://a@b/c' }).host).toBe('0.0.0.0')
})

test('all faults are reported at once', () => {
  const environment = {
    DATABASE_URL: 'mysql://user:secret@host/name',
    REDIS_URL: 'localhost:6379',
    PORT: '70000',
    LOG_LEVEL: 'loud',
    MIGRATE: 'maybe',
    DATABASE_POOL_SIZE: '0',
    SHUTDOWN_TIMEOUT_SECONDS: '-1',
  }
  const [message] = faultsOf(environment)
  for (const name of Object.keys(environment)) expect(message).toContain(`${name} must be`)
})

test('no fault repeats a password', () => {
  const [message] = faultsOf({ DATABASE_URL: 'mysql://user:secret@host/name', REDIS_URL: 'http://:secret@host' })
  expect(message).not.toContain('secret')
})

test('an empty variable counts as not set', () => {
  expect(readConfig({ PORT: '', REDIS_URL: '', HOST: '', MIGRATE: '' })).toEqual(readConfig({}))
})

test('the nodes of a Redis Cluster are separated by commas', () => {
  const { redisUrls } = readConfig({ REDIS_URL: 'redis://a:1, redis://b:2,redis://c:3' })
  expect(redisUrls).toEqual(['redis://a:1', 'redis://b:2', 'redis://c:3'])
})

function faultsOf(environment: Record<string, string>): string[] {
  try {
    readConfig(environment)
    return []
  } catch (error) {
    return [(error as Error).message]
  }
}

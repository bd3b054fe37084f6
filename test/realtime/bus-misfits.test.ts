// The bus is not trusted: whatever stands on its channels ends nothing, changes nothing and hides nothing.

import { randomUUID } from 'node:crypto'
import { Redis } from 'ioredis'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import type { CommittedTransaction } from '../../src/db/changes.ts'
import { createBookingLane } from '../../src/domain/claims/booking-lane.ts'
import { createBusMessages } from '../../src/realtime/bus-messages.ts'
import { partitionChannels, partitionOf } from '../../src/realtime/partitions.ts'
import { createBus } from '../../src/realtime/redis-bus.ts'
import { createLogger } from '../../src/runtime/logger.ts'
import { redisChannelPrefix } from '../support/redis.ts'
import { book, hourAhead, openSalon } from '../support/salon.ts'
import { until } from '../support/until.ts'
import { channelOf, forgery, garbage, withFalseSeal } from './garbage.ts'
import { answerOf, follow, openGateway } from './gateways.ts'

const HOUR = 3_600_000
const secret = 'a secret of this file'
const silent = createLogger('silent')
const organizationId = randomUUID()
const partition = partitionOf(organizationId)
const fine: CommittedTransaction = forgery(organizationId, randomUUID(), '2031-05-04')

const unhandled: unknown[] = []
const onUnhandled = (error: unknown) => void unhandled.push(error)
const EVENTS = ['unhandledRejection', 'uncaughtException'] as const
beforeEach(() => {
  for (const event of EVENTS) process.on(event, onUnhandled)
})
afterEach(() => {
  for (const event of EVENTS) process.off(event, onUnhandled)
  expect(unhandled.splice(0)).toEqual([])
})

function withRedis(): Redis & Disposable {
  const redis = new Redis(inject('redisUrl'))
  return Object.assign(redis, { [Symbol.dispose]: () => redis.disconnect() })
}

describe('a message', () => {
  const messages = createBusMessages(secret)
  const decode = (text: string, at = partition) => messages.decode(Buffer.from(text), at)

  it('comes out as it went in', () => {
    for (const message of [{ from: 'a' }, { from: 'a', transaction: null }, { from: 'a', transaction: fine }]) {
      expect(decode(messages.encode(message, partition))).toEqual(message)
    }
  })

  it('of another version, database or partition, or touched on its way, is not read', () => {
    const text = messages.encode({ from: 'a', transaction: fine }, partition)
    expect(decode(text.replace('slotwire/1', 'slotwire/2'))).toBe('other_version')
    expect(decode(JSON.stringify({ from: 'a', transaction: fine }))).toBe('not_ours')
    expect(decode(createBusMessages('another').encode({ from: 'a' }, partition))).toBe('not_ours')
    expect(decode(text, (partition + 1) % 16)).toBe('not_ours')
    for (let at = 0; at < text.length; at += 7) {
      const touched = `${text.slice(0, at)}${text[at] === '0' ? '1' : '0'}${text.slice(at + 1)}`
      expect(typeof decode(touched)).toBe('string')
    }
  })

  it('whose transaction is too large says only that there was one', () => {
    const many = Array.from({ length: 3000 }, () => fine.changes[0] as (typeof fine.changes)[0])
    const text = messages.encode({ from: 'a', transaction: { ...fine, changes: many } }, partition)
    expect(decode(text)).toEqual({ from: 'a', transaction: null })
    expect(decode(`${text}${' '.repeat(300_000)}`)).toBe('too_large')
  })

  it('is refused whole if any value in it has another type, even from a gateway that knows the secret', () => {
    const message = { from: 'a', transaction: fine }
    const wrong: unknown[] = [undefined, true, false, '', 'x', -1, 1.5, {}, [], [null], { length: 1 }]
    const optional = /^transaction$|\.(added|removed|redefined|busy)$/
    let tried = 0
    for (const path of pathsOf(message)) {
      for (const value of [...wrong, null, 0, 1, '1']) {
        const changed = withValue(message, path, value)
        const text = messages.encode(changed as typeof message, partition)
        if (path === 'from' ? typeof value === 'string' && value : mayBe(path, value)) continue
        if (optional.test(path) && value === undefined) continue
        expect(`${path} = ${JSON.stringify(value)}: ${JSON.stringify(decode(text))}`).toBe(
          `${path} = ${JSON.stringify(value)}: "wrong_shape"`,
        )
        tried++
      }
    }
    expect(tried).toBeGreaterThan(250)
  })
})

describe('a gateway whose channels are full of garbage', () => {
  it('hears the others as before, reads the log instead of each, seldom, and once more after the last', async () => {
    using redis = withRedis()
    const lines: string[] = []
    const logger = pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) })
    const given = { urls: [inject('redisUrl')], secret, channelPrefix: redisChannelPrefix() }
    await using one = createBus({ ...given, logger })
    await using other = createBus({ ...given, logger: silent })
    const heard: CommittedTransaction[] = []
    let reads = 0
    one.listen({
      onTransaction: (each) => void heard.push(each),
      onUnreadable: () => void reads++,
      onReliability: () => {},
    })
    other.listen({ onTransaction: () => {}, onUnreadable: () => {}, onReliability: () => {} })
    await until(() => one.isReliable() && other.isReliable())
    const channels = partitionChannels(given.channelPrefix)
    const sent = Array.from({ length: 20 }, (_, index) => ({ ...fine, xid: String(index + 1) }))
    for (const [index, text] of garbage({ seed: 12, count: 1000, transaction: fine }).entries()) {
      void redis.publish(String(channels[index % channels.length]), text)
      if (index % 50 > 0) continue
      other.publish(sent[index / 50] as CommittedTransaction)
      // What nobody has read is bounded: Redis ends a subscriber that is 32 MB behind.
      await redis.ping()
    }
    await redis.ping()
    await until(() => heard.length === sent.length)
    expect(heard).toEqual(sent)
    const before = reads
    expect(before).toBeGreaterThan(0)
    expect(before).toBeLessThan(500)
    await redis.publish(String(channels[3]), 'the last')
    await until(() => reads > before)
    expect(lines.length).toBe(1)
    expect(lines[0]).toContain('could not be read')
    expect(one.isReliable()).toBe(true)
  })

  it.each([
    ['garbage', () => 'garbage'],
    [
      'the next version',
      (each: CommittedTransaction) => `slotwire/2 ${JSON.stringify({ gateway: 'x', commits: [each] })}`,
    ],
    ['the version before', (each: CommittedTransaction) => JSON.stringify({ from: 'x', transaction: each })],
  ])('shows what was committed by a gateway that speaks %s, and nothing that was not', async (_, speak) => {
    await using salon = await openSalon({ people: 2 })
    using redis = withRedis()
    const channelPrefix = redisChannelPrefix()
    const bus = createBus({ urls: [inject('redisUrl')], secret, logger: silent, channelPrefix })
    await using ours = openGateway(salon.url, { bus })
    await using other = openGateway(salon.url, { isDeaf: true })
    await using lane = createBookingLane(other.db)
    const channel = channelOf(channelPrefix, salon.organizationId)
    const from = Math.ceil(hourAhead(0) / (24 * HOUR)) * 24 * HOUR
    const asked = {
      organizationId: salon.organizationId,
      serviceId: salon.cutId,
      from,
      to: from + 24 * HOUR,
      resourceIds: null,
    }
    const client = follow(await ours.live.availability({ ...asked, after: null }))
    await until(() => client.updates.length === 1 && ours.live.status().busIsReliable)
    other.db.onCommitted = (transaction) => void redis.publish(channel, speak(transaction))
    const lie = forgery(salon.organizationId, String(salon.people[0]), new Date(from).toISOString().slice(0, 10))
    await redis.publish(channel, withFalseSeal(lie))
    const texts = garbage({ seed: 34, count: 300, transaction: lie })
    for (let index = 0; index < 6; index++) {
      for (const text of texts.slice(index * 50, (index + 1) * 50)) void redis.publish(channel, text)
      await book({ ...salon, lane }, from + index * HOUR)
    }
    const expected = await answerOf(salon.db, asked)
    await until(() => JSON.stringify(client.slots()) === JSON.stringify(expected))
    expect(client.faults).toEqual([])
    // The lie takes the whole day of a person, a booking only the starts around it.
    const sizes = client.updates.slice(1).map(({ opened, closed }) => opened.length + closed.length)
    expect(Math.max(...sizes)).toBeLessThan(48)
    expect(ours.live.status().busIsReliable).toBe(true)
  })
})

/** Every place of a value, e.g. `transaction.changes.0.day`. */
function pathsOf(value: unknown, path: string[] = []): string[] {
  const inner = typeof value === 'object' && value !== null ? Object.entries(value) : []
  const own = path.length > 0 ? [path.join('.')] : []
  return [...own, ...inner.flatMap(([key, each]) => pathsOf(each, [...path, key]))]
}

function withValue(message: object, path: string, value: unknown): unknown {
  const copy: unknown = JSON.parse(JSON.stringify(message))
  const keys = path.split('.')
  const last = keys.pop() as string
  let at = copy as Record<string, unknown>
  for (const key of keys) at = at[key] as Record<string, unknown>
  at[last] = value
  return copy
}

/** Another value that the place may have. */
function mayBe(path: string, value: unknown): boolean {
  if (value === null) return /^transaction$|(holdId|appointmentId|expiresAt)$/.test(path)
  if (Array.isArray(value) && value.length === 0) return /(changes|appointments|added|removed)$/.test(path)
  if (typeof value === 'object') return /delta$/.test(path)
  if (typeof value === 'string') return /xid$/.test(path) && /^\d/.test(value)
  if (typeof value !== 'number' || !Number.isInteger(value)) return false
  return /(start|expiresAt)$/.test(path) || (/version$/.test(path) && value > 0)
}

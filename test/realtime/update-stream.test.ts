// A subscriber's stream: bounded, without a silent hole, and left at once.

import { expect, it } from 'vitest'
import { newestOfEach, refreshedBeyond } from '../../src/realtime/pending-updates.ts'
import { createUpdateStream } from '../../src/realtime/update-stream.ts'

const another = () => expect.fail('nobody else subscribes')

function openStream(limit = 3) {
  let left = 0
  const stream = createUpdateStream<string, null>(
    {
      newPending: () => refreshedBeyond(limit, () => 'snapshot'),
      left() {
        left++
      },
      another,
    },
    null,
  )
  return { stream, left: () => left }
}

it('a slow subscriber gets one snapshot for all that it did not keep up with', async () => {
  const { stream } = openStream()
  for (let index = 0; index < 1000; index++) stream.push(`change ${index}`)
  expect(await stream.next()).toEqual({ done: false, value: 'snapshot' })
  stream.push('later')
  expect(await stream.next()).toEqual({ done: false, value: 'later' })
})

it('within the bound everything arrives in order', async () => {
  const { stream } = openStream()
  const first = stream.next()
  for (const update of ['a', 'b', 'c', 'd']) stream.push(update)
  expect((await first).value).toBe('a')
  expect([(await stream.next()).value, (await stream.next()).value, (await stream.next()).value]).toEqual([
    'b',
    'c',
    'd',
  ])
})

it('leaving settles what is pending, once', async () => {
  const { stream, left } = openStream()
  const pending = stream.next()
  await stream.return()
  expect(await pending).toEqual({ done: true, value: undefined })
  await expect(stream.throw(new Error('cut'))).rejects.toThrow('cut')
  stream.push('too late')
  expect(await stream.next()).toEqual({ done: true, value: undefined })
  expect(left()).toBe(1)
})

it('the end comes after what was pushed before it', async () => {
  const { stream, left } = openStream()
  stream.push('last')
  stream.end()
  stream.push('too late')
  expect(await stream.next()).toEqual({ done: false, value: 'last' })
  expect((await stream.next()).done).toBe(true)
  expect(left()).toBe(1)
})

it('of each thing the newest state waits, and too many things end the stream with an error', async () => {
  const newPending = () => newestOfEach(2, (update: string) => update.charAt(0))
  const stream = createUpdateStream<string, null>({ newPending, left() {}, another }, null)
  for (const update of ['a1', 'b1', 'a2', 'a3']) stream.push(update)
  expect([(await stream.next()).value, (await stream.next()).value]).toEqual(['b1', 'a3'])
  for (const update of ['a4', 'b2', 'c1']) stream.push(update)
  await expect(stream.next()).rejects.toThrow('did not keep up')
  expect((await stream.next()).done).toBe(true)
})

it('a receiver that is not ready gets what waited when it is, and an error if something is missing', () => {
  const newPending = () => newestOfEach(2, (update: string) => update)
  const stream = createUpdateStream<string, null>({ newPending, left() {}, another }, null)
  const taken: string[] = []
  const ends: (Error | undefined)[] = []
  let ready = true
  const receiver = {
    isReady: () => ready,
    take: (update: string) => void taken.push(update),
    end: (error?: Error) => void ends.push(error),
  }
  stream.push('before')
  stream.deliverTo(receiver)
  stream.push('a')
  ready = false
  stream.push('b')
  stream.push('c')
  expect(taken).toEqual(['before', 'a'])
  ready = true
  stream.resume()
  expect(taken).toEqual(['before', 'a', 'b', 'c'])
  ready = false
  for (const update of ['d', 'e', 'f']) stream.push(update)
  ready = true
  stream.resume()
  expect(taken).toHaveLength(4)
  expect(ends).toMatchObject([{ name: 'SubscriberTooSlowError' }])
})

it('after something did not arrive whole, a snapshot comes instead of the next change', async () => {
  const { stream } = openStream()
  const taken: string[] = []
  stream.deliverTo({ isReady: () => true, take: (update) => void taken.push(update), end() {} })
  stream.push('a')
  stream.startOver()
  stream.push('b')
  stream.push('c')
  await Promise.resolve()
  stream.push('d')
  expect(taken).toEqual(['a', 'snapshot', 'd'])
})

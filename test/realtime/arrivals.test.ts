// Whoever breaks a turn of the log breaks it alone: watchers and newcomers of another organization do not notice.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type BookingLane, createBookingLane } from '../../src/domain/claims/booking-lane.ts'
import { createArrivals } from '../../src/realtime/arrivals.ts'
import type { AvailabilityQuestion } from '../../src/realtime/cursors.ts'
import { book, hourAhead, openSalon, type Salon } from '../support/salon.ts'
import { until } from '../support/until.ts'
import { answerOf, follow, openGateway, type TestGateway } from './gateways.ts'

const HOUR = 3_600_000
let salon: Salon
let gateway: TestGateway
let lane: BookingLane
beforeAll(async () => {
  salon = await openSalon({ people: 1 })
  gateway = openGateway(salon.url)
  lane = createBookingLane(gateway.db)
})
afterAll(async () => {
  await lane[Symbol.asyncDispose]()
  await gateway[Symbol.asyncDispose]()
  await salon[Symbol.asyncDispose]()
})

const OTHER_ORGANIZATION = '01900000-0000-7000-8000-000000000000'

function question(offset: number): AvailabilityQuestion {
  const from = hourAhead(offset)
  const { organizationId, cutId: serviceId } = salon
  return { organizationId, serviceId, from, to: from + 4 * HOUR, resourceIds: null }
}

/** PostgreSQL refuses the statement that reads for it, and with it the whole transaction of the turn. */
const poisoned = (offset: number, index: number) =>
  gateway.live.availability({
    ...question(offset),
    organizationId: OTHER_ORGANIZATION,
    serviceId: `no id ${index}`,
    after: null,
  })

describe('one who breaks every turn that reads for them', () => {
  it('is refused, and those who arrive at the same time get their snapshots', async () => {
    const bad = Promise.allSettled([0, 1, 2].map((index) => poisoned(0, index)))
    const asked = [0, 30, 60].map(question)
    const good = await Promise.all(asked.map((one) => gateway.live.availability({ ...one, after: null })))
    const clients = good.map((stream) => follow(stream))
    await until(() => clients.every(({ updates }) => updates.length === 1))
    for (const [index, client] of clients.entries()) {
      expect(client.slots()).toEqual(await answerOf(salon.db, asked[index] as AvailabilityQuestion))
      await client.close()
    }
    expect((await bad).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
  })

  it('does not stop updates, nor a view that grows, nor a first look at an appointment', async () => {
    const [near, far] = [question(100), question(24 * 20)]
    const booked = await book({ ...salon, lane }, near.from)
    const appointmentId = booked.appointment.id
    const watcher = follow(await gateway.live.availability({ ...near, after: null }))
    await until(() => watcher.updates.length === 1)
    const bad = Promise.allSettled([
      ...[3, 4, 5].map((index) => poisoned(100, index)),
      gateway.live.appointment({ organizationId: OTHER_ORGANIZATION, appointmentId: 'no id' }),
    ])
    const [grown, appointment] = await Promise.all([
      gateway.live.availability({ ...far, after: null }),
      gateway.live.appointment({ organizationId: salon.organizationId, appointmentId }),
    ])
    expect((await appointment.next()).value).toMatchObject({ id: appointmentId })
    const newcomer = follow(grown)
    await until(() => newcomer.updates.length === 1)
    expect(newcomer.slots()).toEqual(await answerOf(salon.db, far))
    await book({ ...salon, lane }, near.from + HOUR)
    await until(() => watcher.updates.length === 2)
    expect(watcher.slots()).toEqual(await answerOf(salon.db, near))
    expect((await bad).every(({ status }) => status === 'rejected')).toBe(true)
    await Promise.all([watcher.close(), newcomer.close(), appointment.return?.()])
  })
})

describe('who waits for a turn', () => {
  const crowd = (count: number) => {
    const arrivals = createArrivals()
    const queue = arrivals.queue<{ index: number; fail: () => void }>()
    const refused: number[] = []
    const add = (index: number) => queue.add({ index, fail: () => refused.push(index) })
    for (let index = 0; index < count; index++) add(index)
    const turn = () => {
      arrivals.begin()
      return queue.present().map(({ index }) => index)
    }
    return { arrivals, queue, refused, add, turn }
  }

  it('is read for with at most 63 others', () => {
    const { arrivals, queue, turn } = crowd(100)
    expect(turn()).toHaveLength(64)
    expect(queue.serve()).toHaveLength(64)
    expect(turn()).toHaveLength(36)
    expect(queue.serve()).toHaveLength(36)
    expect(arrivals.size()).toBe(0)
  })

  it('waits on while the database is away', () => {
    const { arrivals, refused, turn } = crowd(2)
    expect(turn()).toEqual([0, 1])
    arrivals.failed(new Error('away'), true)
    expect(turn()).toEqual([0, 1])
    expect(refused).toEqual([])
  })

  it('is tried alone after a turn that failed, in turns with those who come later', () => {
    const { arrivals, queue, refused, add, turn } = crowd(2)
    turn()
    arrivals.failed(new Error('broken'), false)
    add(2)
    expect(turn()).toEqual([])
    expect(turn()).toEqual([0])
    arrivals.failed(new Error('broken'), false)
    expect(refused).toEqual([0])
    expect(turn()).toEqual([])
    expect(turn()).toEqual([2])
    queue.serve()
    expect(turn()).toEqual([1])
    queue.serve()
    expect(arrivals.size()).toBe(0)
    expect(refused).toEqual([0])
  })
})

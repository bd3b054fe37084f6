import { Webhook } from 'standardwebhooks'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { prune } from '../../src/db/pruning.ts'
import { completeAppointment, markNoShow } from '../../src/domain/bookings/close-appointment.ts'
import { enqueueOverdueDeliveries } from '../../src/domain/outside/webhooks/webhook-attempts.ts'
import { redeliverWebhook } from '../../src/domain/outside/webhooks/webhook-deliveries.ts'
import {
  deleteWebhookEndpoint,
  listWebhookEndpoints,
  removeDeletedEndpoints,
  rotateWebhookSecret,
  updateWebhookEndpoint,
} from '../../src/domain/outside/webhooks/webhook-endpoints.ts'
import { NotFoundError } from '../../src/domain/vocabulary/refusals.ts'
import { startJobs } from '../../src/integrations/jobs/runner.ts'
import { messageBody } from '../../src/integrations/outgoing-webhooks/message-bodies.ts'
import { outgoingWebhookTasks } from '../../src/integrations/outgoing-webhooks/tasks.ts'
import { createLogger } from '../../src/runtime/logger.ts'
import { cancel, historyOf, move, refusalOf } from '../support/appointment-changes.ts'
import { startProcess } from '../support/child-processes.ts'
import { book, hourAhead, openSalon, type Salon } from '../support/salon.ts'
import { addTenant } from '../support/tenant.ts'
import { until } from '../support/until.ts'
import { openWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.ts'
import {
  countDeliveries,
  deliveriesOf,
  deliveryOf,
  endpointOf,
  jobOf,
  send,
  subscribe,
} from '../support/webhook-sender.ts'

let salon: Salon
let hours = 0
beforeAll(async () => {
  salon = await openSalon({ people: 2 })
})
afterAll(() => salon[Symbol.asyncDispose]())

/** A subscriber of a new booking, and the one delivery that it is owed. */
async function openBooked() {
  const receiver = await openWebhookReceiver()
  const { endpoint, secret } = await subscribe(salon, receiver.url)
  const { appointment } = await book(salon, hourAhead(hours++))
  const [delivery] = await deliveriesOf(salon, endpoint)
  if (!delivery) throw new Error('Nothing is owed.')
  return {
    receiver,
    endpoint,
    secret,
    appointment,
    delivery,
    async [Symbol.asyncDispose]() {
      await salon.write((tx) => deleteWebhookEndpoint(tx, { endpointId: endpoint.id }))
      await receiver[Symbol.asyncDispose]()
    },
  }
}

function verifies(secret: string, { received }: WebhookReceiver, index = 0): boolean {
  const webhook = received[index]
  if (!webhook) throw new Error('Nothing was received.')
  try {
    new Webhook(secret).verify(webhook.body, webhook.headers as Record<string, string>)
    return true
  } catch {
    return false
  }
}

describe('an endpoint', () => {
  it('is told of every event that it asked for, once, with the version and a growing sequence', async () => {
    await using receiver = await openWebhookReceiver()
    const { endpoint } = await subscribe(salon, receiver.url)
    const change = { caller: salon.caller, expectedVersion: 2 }
    const { appointment } = await book(salon, hourAhead(hours++), {
      customer: { name: 'Ada', phone: '+493023125200', email: null },
    })
    const moved = await move(salon, appointment, hourAhead(hours++), { reason: 'asked by phone' })
    await cancel(salon, moved)
    const completed = await move(salon, (await book(salon, hourAhead(hours++))).appointment, hourAhead(hours++))
    await completeAppointment(salon.lane, { ...change, appointmentId: completed.id, now: completed.startsAt })
    const missed = await move(salon, (await book(salon, hourAhead(hours++))).appointment, hourAhead(hours++))
    await markNoShow(salon.lane, { ...change, appointmentId: missed.id, now: missed.startsAt })
    for (const delivery of await deliveriesOf(salon, endpoint)) await send(salon, delivery)
    const told = receiver.received.map(({ message }) => message)
    const of = (id: string) => told.filter(({ data }) => data.appointmentId === `appointment_${id}`)
    expect(of(appointment.id).map(({ type, data }) => [type, data.version, data.sequence, data.status])).toEqual([
      ['appointment.booked', 1, 0, 'CONFIRMED'],
      ['appointment.rescheduled', 2, 1, 'CONFIRMED'],
      ['appointment.cancelled', 3, 2, 'CANCELLED'],
    ])
    expect(of(completed.id).at(-1)?.type).toBe('appointment.completed')
    expect(of(missed.id).at(-1)?.type).toBe('appointment.no_show')
    expect(told).toHaveLength(9)
    expect(of(appointment.id)[1]?.data).toEqual({
      appointmentId: `appointment_${appointment.id}`,
      version: 2,
      sequence: 1,
      status: 'CONFIRMED',
      serviceId: `service_${salon.cutId}`,
      serviceName: 'Haircut',
      customerId: `customer_${appointment.customerId}`,
      customer: { name: 'Ada', phone: '+493023125200', email: null },
      startsAt: new Date(moved.startsAt).toISOString(),
      endsAt: new Date(moved.endsAt).toISOString(),
      previousStartsAt: new Date(appointment.startsAt).toISOString(),
      segments: moved.segments.map(({ name, startsAt, endsAt, resourceIds }) => ({
        name,
        startsAt: new Date(startsAt).toISOString(),
        endsAt: new Date(endsAt).toISOString(),
        resourceIds: resourceIds.map((id) => `resource_${id}`),
      })),
      reason: 'asked by phone',
    })
    await salon.write((tx) => deleteWebhookEndpoint(tx, { endpointId: endpoint.id }))
  })

  it('that is deleted keeps no booking, move or cancellation waiting, and is not told of them', async () => {
    while ((await removeDeletedEndpoints(salon.db)) > 0);
    await using receiver = await openWebhookReceiver()
    const { endpoint } = await subscribe(salon, receiver.url)
    const before = await book(salon, hourAhead(hours++))
    await salon.write(async (tx) => {
      await deleteWebhookEndpoint(tx, { endpointId: endpoint.id })
      // While the deletion is under way.
      const moved = await move(salon, before.appointment, hourAhead(hours++))
      await cancel(salon, moved)
      await book(salon, hourAhead(hours++))
    })
    await book(salon, hourAhead(hours++))
    expect(await deliveriesOf(salon, endpoint)).toEqual([])
    const rows = () => salon.db.sql`select from webhook_deliveries where endpoint_id = ${endpoint.id}`
    expect(await rows()).toHaveLength(4)
    expect(await salon.read(listWebhookEndpoints)).toEqual([])
    const again = salon.write((tx) => deleteWebhookEndpoint(tx, { endpointId: endpoint.id }))
    expect(await refusalOf(again)).toBeInstanceOf(NotFoundError)
    // No more at once than it is allowed; the row of the endpoint comes last.
    expect(await removeDeletedEndpoints(salon.db, { limit: 3 })).toBe(3)
    expect(await removeDeletedEndpoints(salon.db, { limit: 3 })).toBe(2)
    expect(await rows()).toEqual([])
    expect(await salon.db.sql`select from webhook_endpoints where id = ${endpoint.id}`).toEqual([])
  })

  it('whose row goes while it is being told of a booking, a move and a cancellation makes none of them fail', async () => {
    await using receiver = await openWebhookReceiver()
    const change = async (work: () => Promise<unknown>) => {
      const { endpoint } = await subscribe(salon, receiver.url)
      const changed = await salon.db.sql.begin(async (sql) => {
        await sql`delete from webhook_endpoints where id = ${endpoint.id}`
        const changing = work()
        await until(async () => (await countWaiting()) > 0, { what: 'The check of the foreign key' })
        return [changing]
      })
      return changed[0]
    }
    const countWaiting = async () => {
      const waiting = await salon.db.sql`
        select from pg_locks l where not l.granted and l.locktype = 'transactionid'
          and l.pid in (select pid from pg_stat_activity where datname = current_database())`
      return waiting.length
    }
    let booked: Awaited<ReturnType<typeof book>>['appointment'] | undefined
    await change(async () => (booked = (await book(salon, hourAhead(hours++))).appointment))
    if (!booked) throw new Error('Nothing was booked.')
    const present = booked
    await change(async () => (booked = (await move(salon, present, hourAhead(hours++))) as typeof present))
    await change(() => cancel(salon, booked as typeof present))
    expect((await historyOf(salon, present.id)).map(({ kind }) => kind)).toEqual(['BOOKED', 'RESCHEDULED', 'CANCELLED'])
  })

  it('is told what was true right after the event, though the appointment has changed since', async () => {
    await using booked = await openBooked()
    await cancel(salon, booked.appointment)
    await send(salon, booked.delivery)
    expect(booked.receiver.received[0]?.message.data).toMatchObject({ version: 1, status: 'CONFIRMED' })
  })

  it('is not told of what it did not ask for, nor of another organization', async () => {
    await using receiver = await openWebhookReceiver()
    const { endpoint } = await subscribe(salon, receiver.url, ['CANCELLED'])
    const other = { db: salon.db, ...(await addTenant(salon.db)) }
    const { endpoint: foreign } = await subscribe(other, receiver.url)
    const { appointment } = await book(salon, hourAhead(hours++))
    expect(await deliveriesOf(salon, endpoint)).toEqual([])
    await cancel(salon, appointment)
    expect((await deliveriesOf(salon, endpoint)).map(({ kind }) => kind)).toEqual(['CANCELLED'])
    expect(await deliveriesOf(other, foreign)).toEqual([])
    await salon.write((tx) => deleteWebhookEndpoint(tx, { endpointId: endpoint.id }))
  })

  it('is owed exactly one delivery with one job for each of many bookings at once, and nothing for those refused', async () => {
    await using receiver = await openWebhookReceiver()
    const { endpoint } = await subscribe(salon, receiver.url)
    const at = hourAhead(hours++)
    const results = await Promise.allSettled(Array.from({ length: 12 }, () => book(salon, at)))
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(2)
    const owed = await deliveriesOf(salon, endpoint)
    expect(owed).toHaveLength(2)
    for (const delivery of owed) expect(await jobOf(salon, delivery)).not.toBeNull()
    await salon.write((tx) => deleteWebhookEndpoint(tx, { endpointId: endpoint.id }))
  })

  it('is owed nothing by a transaction that fails after the event was written', async () => {
    await using receiver = await openWebhookReceiver()
    const { endpoint } = await subscribe(salon, receiver.url)
    const { appointment } = await book(salon, hourAhead(hours++))
    const before = await deliveriesOf(salon, endpoint)
    await expect(
      salon.write(async (tx) => {
        await tx.sql`
          insert into appointment_events (organization_id, appointment_id, version, kind, actor, origin)
          values (${tx.organizationId}, ${appointment.id}, 2, 'CANCELLED', 'test', 'API')`
        throw new Error('fails')
      }),
    ).rejects.toThrow('fails')
    expect(await deliveriesOf(salon, endpoint)).toEqual(before)
    await salon.write((tx) => deleteWebhookEndpoint(tx, { endpointId: endpoint.id }))
  })

  it('that does not exist is owed nothing', async () => {
    const before = await countDeliveries(salon)
    await book(salon, hourAhead(hours++))
    expect(await countDeliveries(salon)).toBe(before)
  })
})

describe('a message', () => {
  it('is signed so that an independent library of Standard Webhooks verifies it, and no other secret does', async () => {
    await using booked = await openBooked()
    await send(salon, booked.delivery, { at: Date.now() })
    expect(verifies(booked.secret, booked.receiver)).toBe(true)
    expect(verifies(`whsec_${Buffer.alloc(32).toString('base64')}`, booked.receiver)).toBe(false)
    expect(booked.receiver.received[0]?.id).toBe(`msg_${booked.delivery.id}`)
  })

  it('carries both signatures after a rotation until the grace period is over, then only the new one', async () => {
    await using booked = await openBooked()
    const { receiver, delivery, endpoint } = booked
    const rotated = await salon.write((tx) => rotateWebhookSecret(tx, { endpointId: endpoint.id, graceHours: 1 }))
    expect(rotated.secret).not.toBe(booked.secret)
    await send(salon, delivery, { at: Date.now() })
    expect([verifies(booked.secret, receiver), verifies(rotated.secret, receiver)]).toEqual([true, true])
    const again = await salon.write((tx) => redeliverWebhook(tx, { deliveryId: delivery.id }))
    await send(salon, again, { at: (rotated.endpoint.previousSecretExpiresAt ?? 0) + 1 })
    expect(receiver.received[1]?.headers['webhook-signature']).not.toContain(' ')
    const ended = await salon.write((tx) => rotateWebhookSecret(tx, { endpointId: endpoint.id, graceHours: 0 }))
    await salon.write((tx) => redeliverWebhook(tx, { deliveryId: delivery.id }))
    await send(salon, await deliveryOf(salon, delivery), { at: Date.now() })
    expect([verifies(rotated.secret, receiver, 2), verifies(ended.secret, receiver, 2)]).toEqual([false, true])
  })

  it('stays below 20 kB, whatever the appointment is made of', async () => {
    await using booked = await openBooked()
    const segments = Array.from({ length: 400 }, () => ({
      name: 'ü'.repeat(50),
      startsAt: 0,
      endsAt: 0,
      resourceIds: [],
    }))
    const snapshot = { ...booked.delivery.snapshot, segments }
    const body = messageBody({ ...booked.delivery, snapshot })
    expect(Buffer.byteLength(body)).toBeLessThan(20_000)
    expect(JSON.parse(body).data).toMatchObject({ version: 1, segments: null })
  })
})

describe('a delivery that fails', () => {
  it('is sent again after 5 s, 5 min, 30 min, 2, 5, 10, 14, 20 and 24 h under one id, then given up', async () => {
    await using booked = await openBooked()
    const { receiver } = booked
    receiver.answerWith(...Array.from({ length: 10 }, () => 500))
    const pauses: number[] = []
    let delivery = booked.delivery
    for (let attempt = 1; attempt <= 10; attempt++) {
      const at = delivery.nextAttemptAt ?? 0
      delivery = await send(salon, delivery, { at })
      if (delivery.nextAttemptAt !== null) {
        pauses.push((delivery.nextAttemptAt - at) / 1000)
        expect(await jobOf(salon, delivery)).toBe(delivery.nextAttemptAt)
      }
    }
    const hour = 3600
    expect(pauses).toEqual([5, 300, 1800, 2 * hour, 5 * hour, 10 * hour, 14 * hour, 20 * hour, 24 * hour])
    expect(delivery).toMatchObject({ status: 'FAILED', attempts: 10, responseStatus: 500, error: 'It answered 500.' })
    expect(new Set(receiver.received.map(({ id }) => id))).toEqual(new Set([`msg_${delivery.id}`]))
    expect(new Set(receiver.received.map(({ body }) => body)).size).toBe(1)
    expect(receiver.received).toHaveLength(10)
  })

  it.each([
    [0, 4500],
    [0.999, 5500],
  ])('is sent again with jitter (%d: after %d ms)', async (random, expected) => {
    await using booked = await openBooked()
    booked.receiver.answerWith(500)
    const at = booked.delivery.nextAttemptAt ?? 0
    const { nextAttemptAt } = await send(salon, booked.delivery, { at, random })
    expect((nextAttemptAt ?? 0) - at).toBeCloseTo(expected, -1)
  })

  it.each([301, 302, 307, 308])('by a redirect (%d) is not led elsewhere', async (status) => {
    await using booked = await openBooked()
    await using elsewhere = await openWebhookReceiver()
    booked.receiver.answerWith((response) => response.writeHead(status, { location: elsewhere.url }).end())
    const delivery = await send(salon, booked.delivery)
    expect(delivery).toMatchObject({ status: 'PENDING', responseStatus: status })
    expect(elsewhere.received).toEqual([])
  })

  it('because no answer comes in time says so', async () => {
    await using booked = await openBooked()
    booked.receiver.answerWith(() => {})
    const delivery = await send(salon, booked.delivery, { timeoutMs: 50 })
    expect(delivery).toMatchObject({ status: 'PENDING', responseStatus: null, error: 'No answer within 0.05 seconds.' })
    // Each wait keeps a worker busy: the endpoint is left alone for a while.
    expect((await endpointOf(salon, booked.endpoint)).pausedUntil).toBe((booked.delivery.nextAttemptAt ?? 0) + 60_000)
  })

  it('because nobody listens says so', async () => {
    await using booked = await openBooked()
    const closed = await openWebhookReceiver()
    await closed[Symbol.asyncDispose]()
    await salon.write((tx) =>
      updateWebhookEndpoint(tx, {
        endpointId: booked.endpoint.id,
        expectedVersion: 1,
        url: closed.url,
        allowsPrivate: true,
      }),
    )
    expect((await send(salon, booked.delivery)).error).toContain('ECONNREFUSED')
  })
})

describe('an answer', () => {
  it('counts by its head: an endless body is not read to its end, and one that never ends is not waited for', async () => {
    await using booked = await openBooked()
    let cutOff = false
    booked.receiver.answerWith((response) => {
      response.on('close', () => {
        cutOff = true
      })
      const chunk = Buffer.alloc(8192)
      const write = () => {
        while (!response.destroyed && response.write(chunk));
        if (!response.destroyed) response.once('drain', write)
      }
      response.writeHead(200)
      write()
    })
    expect((await send(salon, booked.delivery)).status).toBe('DELIVERED')
    await until(() => cutOff)
    booked.receiver.answerWith((response) => response.writeHead(200).write('slow'))
    const again = await salon.write((tx) => redeliverWebhook(tx, { deliveryId: booked.delivery.id }))
    expect((await send(salon, again, { timeoutMs: 100 })).status).toBe('DELIVERED')
  })

  it.each([200, 201, 202, 204])('of %d is a success', async (status) => {
    await using booked = await openBooked()
    booked.receiver.answerWith(status)
    expect(await send(salon, booked.delivery)).toMatchObject({ status: 'DELIVERED', error: null, nextAttemptAt: null })
  })

  it('of 410 disables the endpoint, gives up what is still to be sent, and nothing new is owed', async () => {
    await using booked = await openBooked()
    const { endpoint, receiver } = booked
    await book(salon, hourAhead(hours++))
    const [, other] = await deliveriesOf(salon, endpoint)
    receiver.answerWith(410)
    expect(await send(salon, booked.delivery)).toMatchObject({ status: 'FAILED', responseStatus: 410 })
    expect(await endpointOf(salon, endpoint)).toMatchObject({ disabledReason: 'GONE', version: 2 })
    if (other) expect((await send(salon, other)).status).toBe('FAILED')
    await book(salon, hourAhead(hours++))
    expect(await deliveriesOf(salon, endpoint)).toHaveLength(2)
    expect(receiver.received).toHaveLength(1)
    const refused = salon.write((tx) => redeliverWebhook(tx, { deliveryId: booked.delivery.id }))
    expect(await refusalOf(refused)).toMatchObject({ code: 'INVALID_INPUT' })
    await salon.write((tx) =>
      updateWebhookEndpoint(tx, { endpointId: endpoint.id, expectedVersion: 2, enabled: true, allowsPrivate: true }),
    )
    const again = await salon.write((tx) => redeliverWebhook(tx, { deliveryId: booked.delivery.id }))
    expect((await send(salon, again)).status).toBe('DELIVERED')
  })

  it.each([429, 502, 504])('of %d slows all deliveries of the endpoint down', async (status) => {
    await using booked = await openBooked()
    const { receiver, endpoint } = booked
    await book(salon, hourAhead(hours++))
    const [, other] = await deliveriesOf(salon, endpoint)
    if (!other) throw new Error('Nothing is owed.')
    receiver.answerWith(status)
    const at = Math.max(booked.delivery.nextAttemptAt ?? 0, other.nextAttemptAt ?? 0)
    await send(salon, booked.delivery, { at })
    const waiting = await send(salon, other, { at: at + 1 })
    expect(receiver.received).toHaveLength(1)
    expect(waiting).toMatchObject({ status: 'PENDING', attempts: 0 })
    expect(waiting.nextAttemptAt ?? 0).toBeGreaterThanOrEqual(at + 60_000)
    expect(await jobOf(salon, waiting)).toBe(waiting.nextAttemptAt)
    expect((await send(salon, waiting)).status).toBe('DELIVERED')
  })

  it.each([
    ['seconds', () => '7200', 7_200_000],
    ['a date', (at: number) => new Date(at + 7_200_000).toUTCString(), 7_200_000],
    ['more than a day, of which a day is obeyed', () => '9999999', 86_400_000],
    ['nonsense, which is not obeyed', () => 'soon', 5000],
  ])('with Retry-After as %s is obeyed', async (_, retryAfter, expected) => {
    await using booked = await openBooked()
    const at = booked.delivery.nextAttemptAt ?? 0
    booked.receiver.answerWith((response) => response.writeHead(503, { 'retry-after': retryAfter(at) }).end())
    const { nextAttemptAt } = await send(salon, booked.delivery, { at })
    expect(Math.abs((nextAttemptAt ?? 0) - at - expected)).toBeLessThan(1000)
  })
})

describe('an endpoint from which nothing but failures come', () => {
  it('is disabled after five days; one success in between starts them anew', async () => {
    await using booked = await openBooked()
    const { receiver, endpoint } = booked
    const day = 86_400_000
    receiver.answerWith(500, 204, 500, 500)
    const at = booked.delivery.nextAttemptAt ?? 0
    let delivery = await send(salon, booked.delivery, { at })
    expect((await endpointOf(salon, endpoint)).failingSince).toBe(at)
    delivery = await send(salon, delivery, { at: at + 3 * day })
    expect((await endpointOf(salon, endpoint)).failingSince).toBeNull()
    delivery = await salon.write((tx) => redeliverWebhook(tx, { deliveryId: delivery.id }))
    delivery = await send(salon, delivery, { at: at + 4 * day })
    expect((await endpointOf(salon, endpoint)).disabledReason).toBeNull()
    delivery = await send(salon, delivery, { at: at + 9 * day })
    expect(await endpointOf(salon, endpoint)).toMatchObject({ disabledReason: 'FAILING', disabledAt: at + 9 * day })
    expect(delivery.status).toBe('FAILED')
  })
})

describe('redelivery', () => {
  it('sends what was delivered again, under the same id and with the same content', async () => {
    await using booked = await openBooked()
    await send(salon, booked.delivery)
    const again = await salon.write((tx) => redeliverWebhook(tx, { deliveryId: booked.delivery.id }))
    expect(await jobOf(salon, again)).not.toBeNull()
    await send(salon, again)
    const [first, second] = booked.receiver.received
    expect([second?.id, second?.body]).toEqual([first?.id, first?.body])
  })
})

describe('nothing is lost, whoever dies', () => {
  it('a process that is killed between sending and writing down: sent again with the same id once its lease is over', async () => {
    await using booked = await openBooked()
    const { receiver, delivery } = booked
    const code = `
      import { openDatabase } from './src/db/client.ts'
      import { createLogger } from './src/runtime/logger.ts'
      import { sendWebhook } from './src/integrations/outgoing-webhooks/send-webhook.ts'
      const db = openDatabase({ url: ${JSON.stringify(salon.url)} })
      const options = { db, logger: createLogger('silent'), allowsPrivate: true }
      await sendWebhook(options, ${JSON.stringify({ organizationId: salon.organizationId, deliveryId: delivery.id })})`
    await using child = startProcess('sender', process.execPath, ['--input-type=module', '-e', code], {
      environment: {},
    })
    receiver.answerWith((response) => {
      child.signal('SIGKILL')
      response.destroy()
    })
    await child.exited
    expect(receiver.received).toHaveLength(1)
    const interrupted = await deliveryOf(salon, delivery)
    expect(interrupted).toMatchObject({ status: 'PENDING', attempts: 1 })
    const early = await send(salon, interrupted, { at: (interrupted.nextAttemptAt ?? 0) - 1 })
    expect(receiver.received).toHaveLength(1)
    expect(await jobOf(salon, early)).toBe(interrupted.nextAttemptAt)
    expect((await send(salon, early)).status).toBe('DELIVERED')
    expect(receiver.received.map(({ id }) => id)).toEqual([`msg_${delivery.id}`, `msg_${delivery.id}`])
  })

  it('a job that is lost is left again', async () => {
    await using booked = await openBooked()
    await salon.db.sql`delete from graphile_worker._private_jobs where key = ${`webhook:${booked.delivery.id}`}`
    expect(await enqueueOverdueDeliveries(salon.db)).toBe(0)
    expect(await enqueueOverdueDeliveries(salon.db, { overdueMs: 0 })).toBeGreaterThan(0)
    expect(await jobOf(salon, booked.delivery)).not.toBeNull()
  })

  it('two workers at one delivery send it once', async () => {
    await using booked = await openBooked()
    const release = Promise.withResolvers<void>()
    booked.receiver.answerWith((response) => void release.promise.then(() => response.writeHead(204).end()))
    const first = send(salon, booked.delivery)
    await until(() => booked.receiver.received.length === 1)
    await send(salon, booked.delivery)
    release.resolve()
    expect((await first).status).toBe('DELIVERED')
    expect(booked.receiver.received).toHaveLength(1)
  })

  it('a change under way while its endpoint was disabled leaves nothing to be sent for ever', async () => {
    await using booked = await openBooked()
    await salon.db.sql`update webhook_endpoints set disabled_reason = 'BY_HAND' where id = ${booked.endpoint.id}`
    expect((await send(salon, booked.delivery)).status).toBe('FAILED')
    expect(booked.receiver.received).toEqual([])
  })
})

it('the runner of jobs sends what a booking owes, without anybody asking', async () => {
  await using receiver = await openWebhookReceiver()
  const logger = createLogger('silent')
  const { endpoint, secret } = await subscribe(salon, receiver.url)
  await using _jobs = startJobs({
    url: salon.url,
    db: salon.db,
    tasks: outgoingWebhookTasks({ db: salon.db, logger, allowsPrivate: true }),
    logger,
  })
  const { appointment } = await book(salon, hourAhead(hours++))
  const told = await until(() =>
    receiver.received.find(({ message }) => message.data.appointmentId === `appointment_${appointment.id}`),
  )
  expect(told.message.type).toBe('appointment.booked')
  expect(verifies(secret, receiver, receiver.received.indexOf(told))).toBe(true)
  await until(async () => (await deliveriesOf(salon, endpoint)).every(({ status }) => status === 'DELIVERED'))
})

it('an endpoint that does not answer keeps nobody else waiting, and is sent to one message at a time', async () => {
  await using silent = await openWebhookReceiver()
  await using other = await openWebhookReceiver()
  silent.answerWith(...Array.from({ length: 20 }, () => () => {}))
  const logger = createLogger('silent')
  const endpoints = [await subscribe(salon, silent.url, ['BOOKED']), await subscribe(salon, other.url, ['CANCELLED'])]
  const booked = await Promise.all(Array.from({ length: 5 }, () => book(salon, hourAhead(hours++))))
  await using _jobs = startJobs({
    url: salon.url,
    db: salon.db,
    tasks: outgoingWebhookTasks({ db: salon.db, logger, allowsPrivate: true }),
    logger,
    concurrency: 2,
  })
  await until(() => silent.received.length > 0)
  for (const { appointment } of booked) await cancel(salon, appointment)
  await until(() => other.received.length === booked.length)
  expect(silent.received).toHaveLength(1)
  // Its receiver is gone: nothing is waited for when the runner closes.
  await silent[Symbol.asyncDispose]()
  for (const { endpoint } of endpoints) {
    await salon.write((tx) => deleteWebhookEndpoint(tx, { endpointId: endpoint.id }))
  }
})

it('deliveries are forgotten a month after they were settled, and never before', async () => {
  await using booked = await openBooked()
  const old = salon.db.sql`
    update webhook_deliveries set created_at = now() - interval '31 days' where id = ${booked.delivery.id}`
  await old
  await prune(salon.db, 'webhookDeliveries')
  expect(await deliveryOf(salon, booked.delivery)).toBeDefined()
  await send(salon, booked.delivery)
  await prune(salon.db, 'webhookDeliveries')
  expect(await deliveryOf(salon, booked.delivery)).toBeUndefined()
})

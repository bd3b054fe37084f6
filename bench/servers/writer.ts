// Another gateway's bookings without its HTTP: holds and releases slots, and publishes each commit on the bus.

import { Redis } from 'ioredis'
import { readBusSecret } from '../../src/db/bus-secret.ts'
import { openDatabase } from '../../src/db/client.ts'
import { placeHold } from '../../src/domain/bookings/place-hold.ts'
import { releaseHold } from '../../src/domain/bookings/release-hold.ts'
import { createBookingLane } from '../../src/domain/claims/booking-lane.ts'
import type { Caller } from '../../src/domain/people/callers.ts'
import { createBus } from '../../src/realtime/redis-bus.ts'
import { createLogger } from '../../src/runtime/logger.ts'
import { monotonicMs } from '../support/clock.ts'
import { ORGANIZATION_ID } from '../support/slots.ts'

/** Holds the slot, or releases it if this process holds it. */
export interface Write {
  serviceId: string
  resourceId: string
  startsAt: number
}

export interface Written {
  written: Write
  /** When PostgreSQL had acknowledged the commit. */
  at: number
}

const [databaseUrl = '', redisUrl = '', publishing] = process.argv.slice(2)
const logger = createLogger('warn')
const db = openDatabase({ url: databaseUrl, poolSize: 4 })
const lane = createBookingLane(db)
let committedAt = 0

if (publishing === 'bare') {
  const redis = new Redis(redisUrl)
  db.onCommitted = () => {
    committedAt = monotonicMs()
    void redis.publish('bare', String(committedAt))
  }
  await redis.ping()
  process.send?.({ ready: true })
} else {
  const bus = createBus({ urls: [redisUrl], secret: await readBusSecret(db), logger })
  bus.listen({
    onTransaction: () => {},
    onUnreadable: () => {},
    onReliability: (isReliable) => isReliable && process.send?.({ ready: true }),
  })
  db.onCommitted = (transaction) => {
    committedAt = monotonicMs()
    bus.publish(transaction)
  }
}

const caller: Caller = {
  organizationId: ORGANIZATION_ID,
  kind: 'SECRET',
  id: 'key:bench',
  appointmentId: null,
  actor: 'bench',
  origin: 'API',
}
const held = new Map<string, string>()

process.on('message', async (write: Write) => {
  const name = `${write.resourceId} ${write.startsAt}`
  const holdId = held.get(name)
  if (holdId) {
    await releaseHold(lane, { caller, holdId })
    held.delete(name)
  } else held.set(name, (await hold(write)).id)
  process.send?.({ written: write, at: committedAt } satisfies Written)
})

function hold({ serviceId, resourceId, startsAt }: Write) {
  return placeHold(lane, {
    caller,
    slot: { serviceId, startsAt, resourceIds: [resourceId] },
    ttlSeconds: 1800,
    sessionKey: null,
    replace: false,
    customerId: null,
    holdAlternative: false,
    idempotencyKey: null,
  })
}

// Receives changes from over there: locks what they may touch, applies each in a savepoint, writes the log once.
import { daysOf, type RecordedDelta, recordChanges } from '../../db/change-log.ts'
import type { Database } from '../../db/client.ts'
import { isOutdated } from '../../db/errors.ts'
import { type Lock, namedLock, resourceDayLock } from '../../db/locks.ts'
import { inSnapshot, inTransaction, type Tx } from '../../db/transaction.ts'
import { readClock } from '../../domain/availability/resource-states.ts'
import { loadAppointments } from '../../domain/bookings/appointments.ts'
import { offerOf } from '../../domain/bookings/reschedule-appointment.ts'
import { loadServices } from '../../domain/catalogue/definitions.ts'
import { changingLocks, placingLocks } from '../../domain/outside/calendars/calendar-appointments.ts'
import { OutdatedAttempt, type ResourceDay, untilPresent } from '../../domain/vocabulary/outdated-attempt.ts'
import { type BatchItem, type ReceivedItem, receiveEach } from '../webhooks/inbox-batch.ts'
import { findOwned, readExternalIds } from './external-ids.ts'
import { applyRemoteChange, type RemoteChange } from './remote-changes.ts'
import { type CalcomIntegration, mappingOf } from './settings.ts'

export interface ChangeItem extends BatchItem {
  /** Null: there is nothing to apply. Throws what is wrong with the item. */
  read(): RemoteChange | null
}

/** Small transactions: bookings of the same days wait for the locks meanwhile. */
const CHUNK = 25

/** In order. Throws BusyError, and errors of the database: then the chunk has had no effect and can come again. */
export async function receiveChanges(
  db: Database,
  integration: CalcomIntegration,
  items: ChangeItem[],
): Promise<ReceivedItem[]> {
  const received: ReceivedItem[] = []
  for (let start = 0; start < items.length; start += CHUNK) {
    received.push(...(await receiveChunk(db, integration, items.slice(start, start + CHUNK))))
  }
  return received
}

async function receiveChunk(
  db: Database,
  integration: CalcomIntegration,
  items: ChangeItem[],
): Promise<ReceivedItem[]> {
  const changes = items.flatMap((item) => readOrNothing(item) ?? [])
  return untilPresent(async (extraDays) => {
    const { locks, locked } = await inSnapshot(db, integration.organizationId, (tx) =>
      planLocks(tx, integration, changes, extraDays),
    )
    return inTransaction(
      db,
      integration.organizationId,
      async (tx) => {
        const applying = { integration, locked, now: await readClock(tx) }
        const deltas: RecordedDelta[] = []
        const isTransient = (error: unknown) => error instanceof OutdatedAttempt || isOutdated(error)
        const options = { integrationId: integration.id, items, isTransient }
        const received = await receiveEach(tx, options, async (item) => {
          const change = item.read()
          if (change === null) return { outcome: 'IGNORED' }
          const applied = await applyRemoteChange(tx, applying, change)
          deltas.push(...applied.deltas)
          return { outcome: applied.outcome, result: { note: applied.note } }
        })
        await recordChanges(tx, netDeltas(deltas))
        return received
      },
      { locks },
    )
  })
}

function readOrNothing(item: ChangeItem): RemoteChange | null {
  try {
    return item.read()
  } catch {
    return null // it fails again, and is reported, when it is applied
  }
}

async function planLocks(
  tx: Tx,
  integration: CalcomIntegration,
  changes: RemoteChange[],
  extraDays: ResourceDay[],
): Promise<{ locks: Lock[]; locked: Set<string> }> {
  // One at a time for each calendar: what is told of one booking depends on what was told of others.
  const locks: Lock[] = [namedLock('calendar', integration.id)]
  const locked = new Set<string>()
  const add = (more: { locks: Lock[]; days: string[] }) => {
    locks.push(...more.locks)
    for (const day of more.days) locked.add(day)
  }
  const lockDay = ({ resourceId, day }: ResourceDay) =>
    add({ locks: [resourceDayLock(resourceId, day)], days: [`${resourceId} ${day}`] })
  extraDays.forEach(lockDay)
  for (const change of changes) {
    const { startsAt, endsAt } = change
    const { serviceId, resourceIds } = mappingOf(integration.settings, change)
    if (serviceId !== null) {
      const service = (await loadServices(tx, [serviceId])).get(serviceId)
      if (service) add(placingLocks(service, startsAt))
    }
    for (const resourceId of resourceIds) {
      for (const day of daysOf({ start: startsAt, end: endsAt })) lockDay({ resourceId, day })
    }
    const ids = await readExternalIds(tx, integration.id, [change.externalId, change.previousId])
    const owners = [...ids.values()].map(({ appointmentId }) => appointmentId)
    owners.push(await findOwned(tx, integration.id, change.appointmentId))
    const appointments = await loadAppointments(tx, [...new Set(owners.filter((id) => id !== null))])
    for (const appointment of appointments.values()) {
      add(await changingLocks(tx, appointment))
      if (change.state !== 'ENDED') add(placingLocks((await offerOf(tx, appointment)).service, startsAt))
    }
  }
  return { locks, locked }
}

/** A claim that came and went within the transaction was never there. */
function netDeltas(deltas: RecordedDelta[]): RecordedDelta[] {
  const removed = new Set(deltas.flatMap(({ delta }) => delta.removed ?? []).map(({ id }) => id))
  const passing = new Set(
    deltas.flatMap(({ delta }) => delta.added ?? []).flatMap(({ id }) => (removed.has(id) ? [id] : [])),
  )
  if (passing.size === 0) return deltas
  return deltas.map(({ delta, ...subject }) => ({
    ...subject,
    delta: {
      ...delta,
      ...(delta.added && { added: delta.added.filter(({ id }) => !passing.has(id)) }),
      ...(delta.removed && { removed: delta.removed.filter(({ id }) => !passing.has(id)) }),
    },
  }))
}

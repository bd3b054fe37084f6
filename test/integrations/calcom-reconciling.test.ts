import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { listResources } from '../../src/domain/catalogue/resources.ts'
import { listServices } from '../../src/domain/catalogue/services.ts'
import { connectCalcom } from '../../src/domain/outside/calendars/calendars.ts'
import { syncTeam } from '../../src/domain/outside/calendars/team-sync.ts'
import { disconnectIntegration, findIntegration } from '../../src/domain/outside/integrations.ts'
import { OutdatedAttempt } from '../../src/domain/vocabulary/outdated-attempt.ts'
import { createCalendars, reconcileCalendars } from '../../src/integrations/calcom/calendars.ts'
import { receiveChanges } from '../../src/integrations/calcom/receive-changes.ts'
import { itemOfRead } from '../../src/integrations/calcom/reconcile.ts'
import { calcomIntegration } from '../../src/integrations/calcom/settings.ts'
import { createLogger } from '../../src/runtime/logger.ts'
import { cancel, move } from '../support/appointment-changes.ts'
import { type CalcomGateway, CUT_TYPE, connectionTo, openCalcomGateway } from '../support/calcom-gateway.ts'
import { QUICK } from '../support/calcom-rules.ts'
import { expectIntact } from '../support/database-checks.ts'
import { book, hold, hourAhead } from '../support/salon.ts'
import { until } from '../support/until.ts'

const HOUR = 3_600_000

let gateway: CalcomGateway
let poll: () => ReturnType<ReturnType<typeof createCalendars>['reconcile']>
beforeAll(async () => {
  gateway = await openCalcomGateway({ people: 2 })
  poll = () => calendars().reconcile(gateway)
})
afterAll(async () => {
  await expectIntact(gateway.db)
  await gateway[Symbol.asyncDispose]()
})

function calendars({ db }: Pick<CalcomGateway, 'db'> = gateway) {
  return createCalendars({ db, logger: createLogger('silent'), rules })
}
const rules = { timeoutMs: 5000, allowsPrivate: true, circuit: QUICK.circuit, pollEveryMs: 0 }

async function countWaiting({ db }: Pick<CalcomGateway, 'db'>): Promise<number> {
  const waiting = await db.sql`
    select from pg_locks where not granted and pid in (select pid from pg_stat_activity where datname = current_database())`
  return waiting.length
}

let hours = 0
function next() {
  hours += 4
  return hourAhead(hours)
}

async function bookAt(startsAt: number) {
  const { appointment } = await book(gateway, null, {
    slot: { serviceId: gateway.cutId, startsAt, resourceIds: [gateway.people[0] as string] },
  })
  return appointment
}

const stateOf = async (externalId: string) => {
  const [row] = await gateway.db.sql`
    select a.status, a.starts_at as "startsAt" from external_ids x join appointments a on a.id = x.appointment_id
    where x.external_id = ${externalId}`
  return row
}

describe('the reconciling poll', () => {
  it('finds what webhooks lost: made, moved and called off over there; a second one changes nothing', async () => {
    const { calcom } = gateway
    const made = calcom.book({ start: next(), eventTypeId: CUT_TYPE })
    const toMove = calcom.book({ start: next(), eventTypeId: CUT_TYPE })
    const toCancel = calcom.book({ start: next(), eventTypeId: CUT_TYPE })
    expect(await poll()).toMatchObject({ applied: 3, failed: 0 })
    const moved = calcom.move(toMove.uid, toMove.start + HOUR)
    const twice = calcom.move(moved.uid, toMove.start + 2 * HOUR)
    calcom.cancel(toCancel.uid)
    expect((await poll()).applied).toBeGreaterThanOrEqual(2)
    expect(await stateOf(made.uid)).toEqual({ status: 'CONFIRMED', startsAt: made.start })
    expect(await stateOf(twice.uid)).toEqual({ status: 'CONFIRMED', startsAt: twice.start })
    expect(await stateOf(toMove.uid)).toEqual({ status: 'CONFIRMED', startsAt: twice.start })
    expect(await stateOf(toCancel.uid)).toMatchObject({ status: 'CANCELLED' })
    expect(await poll()).toMatchObject({ applied: 0, failed: 0, requested: 0, missingThere: 0 })
  })

  it('makes again what is missing there', async () => {
    const appointment = await bookAt(next())
    const before = await gateway.settled(appointment.id)
    gateway.calcom.bookings.delete(before.externalId ?? '')
    expect(await poll()).toMatchObject({ missingThere: 1, requested: 1 })
    const after = await gateway.settled(appointment.id)
    expect(after.externalId).not.toBe(before.externalId)
    expect(gateway.calcom.bookings.get(after.externalId ?? '')?.start).toBe(appointment.startsAt)
  })

  it('takes up what changed here while the calendar was disconnected', async () => {
    const appointments = [await bookAt(next()), await bookAt(next())]
    for (const { id } of appointments) await gateway.settled(id)
    await gateway.write((tx) => disconnectIntegration(tx, gateway))
    const moved = await move(gateway, appointments[0] as never, (appointments[0]?.startsAt ?? 0) + HOUR)
    await cancel(gateway, appointments[1] as never)
    const added = await bookAt(next())
    await gateway.write((tx) => connectCalcom(tx, connectionTo(gateway.calcom, gateway)))
    expect(await poll()).toMatchObject({ requested: 3 })
    await gateway.settled(added.id)
    const twins = [await gateway.settled(moved.id), await gateway.settled(appointments[1]?.id ?? '')]
    expect(gateway.calcom.bookings.get(twins[0]?.externalId ?? '')).toMatchObject({
      status: 'accepted',
      start: moved.startsAt,
    })
    expect(gateway.calcom.bookings.get(twins[1]?.externalId ?? '')).toMatchObject({ status: 'cancelled' })
  })

  it('pages through everything', async () => {
    const { calcom } = gateway
    calcom.eventTypes.set(700, {
      id: 700,
      title: 'Elsewhere',
      lengthInMinutes: 30,
      hosts: [{ id: 1, name: 'X', email: 'x@example.com', username: 'x' }],
    })
    for (let index = 0; index < 230; index++) calcom.book({ start: hourAhead(500) + index * HOUR, eventTypeId: 700 })
    expect((await poll()).read).toBeGreaterThanOrEqual(230)
    for (const [uid, { eventTypeId }] of calcom.bookings) if (eventTypeId === 700) calcom.bookings.delete(uid)
  })

  it('reports the overlap of an appointment that came from a hold, and resolves it when it is over', async () => {
    const startsAt = next()
    const held = await hold(gateway, startsAt, {
      slot: { serviceId: gateway.cutId, startsAt, resourceIds: [gateway.people[0] as string] },
    })
    gateway.calcom.book({ start: startsAt, eventTypeId: CUT_TYPE })
    await poll()
    const { appointment } = await book(gateway, null, { holdId: held.id })
    expect(await poll()).toMatchObject({ overlapsFound: 1 })
    await gateway.settled(appointment.id, 'FAILED')
    await cancel(gateway, appointment)
    expect((await poll()).overlapsResolved).toBeGreaterThanOrEqual(1)
  })

  it('uses nothing of a list that it could not read to its end', async () => {
    const appointment = await bookAt(next())
    await gateway.settled(appointment.id)
    gateway.calcom.quirk('list', { kind: 'answer', status: 500, message: 'Down' })
    await expect(poll()).rejects.toThrow('Down')
    expect((await gateway.twinOf(appointment.id)).status).toBe('SYNCED')
  })

  it('comes round to every active calendar', async () => {
    const booking = gateway.calcom.book({ start: next(), eventTypeId: CUT_TYPE })
    await reconcileCalendars({ db: gateway.db, logger: createLogger('silent'), rules })
    expect(await stateOf(booking.uid)).toMatchObject({ status: 'CONFIRMED' })
  })
})

describe('a batch', () => {
  it('of 500 changes with 5 broken ones: 495 applied, 5 kept with their reason, replayed when they are mended', async () => {
    const batch = await openCalcomGateway({ people: 2, jobs: false })
    const found = await findIntegration(batch.db, { id: batch.integrationId, provider: 'CALCOM' })
    if (!found) throw new Error('no integration')
    const integration = calcomIntegration(found)
    const broken = new Set([7, 99, 250, 251, 499])
    const hoursOf = (index: number) => hourAhead(Math.floor(index / 2) * 1)
    const bookings = Array.from({ length: 500 }, (_, index) => ({
      uid: `uid${index}`,
      status: 'accepted',
      start: broken.has(index) && index !== 251 ? 'soon' : new Date(hoursOf(index)).toISOString(),
      end: new Date(hoursOf(index) + (index === 251 ? -1 : HOUR / 2)).toISOString(),
      eventTypeId: CUT_TYPE + (index % 2),
      hosts: [],
      attendees: [{ name: `Guest ${index}`, email: `guest${index}@example.com` }],
      metadata: {},
      createdAt: new Date().toISOString(),
    }))
    const received = await receiveChanges(
      batch.db,
      integration,
      bookings.map((data) => itemOfRead(data, integration)),
    )
    const outcomes = Object.groupBy(received, ({ outcome }) => outcome)
    expect(outcomes.APPLIED).toHaveLength(495)
    expect(outcomes.FAILED?.map(({ error }) => error)).toHaveLength(5)
    expect(outcomes.FAILED?.every(({ error }) => error !== null && error.length > 10)).toBe(true)
    expect(await batch.db.sql`select from appointments`).toHaveLength(495)
    const first = await calendars(batch).replay(batch)
    expect(first).toMatchObject({ replayed: 5, applied: 0 })
    expect(first.failures[0]?.reason).toContain('no instant')
    // Mended, as by a version that understands them.
    for (const index of broken) {
      const mended = {
        ...bookings[index],
        start: new Date(hoursOf(index)).toISOString(),
        end: new Date(hoursOf(index) + HOUR / 2).toISOString(),
      }
      await batch.db
        .sql`update inbox set body = ${JSON.stringify(mended)} where outcome = 'FAILED' and body like ${`%"uid${index}"%`}`
    }
    expect(await calendars(batch).replay(batch)).toEqual({ replayed: 5, applied: 5, failures: [] })
    expect(await batch.db.sql`select from appointments`).toHaveLength(500)
    await expectIntact(batch.db)
    await batch[Symbol.asyncDispose]()
  })
})

describe('team sync', () => {
  it('previews what it would do, does it all, and then keeps what it did', async () => {
    const team = await openCalcomGateway({ people: 1, jobs: false, connection: { teamId: 5 } })
    team.calcom.members.push({ id: 42, name: 'Zoe', email: 'zoe@example.com', username: 'zoe' })
    team.calcom.eventTypes.set(900, {
      id: 900,
      title: 'Perm',
      lengthInMinutes: 90,
      hosts: team.calcom.members.slice(0, 2),
    })
    team.calcom.eventTypes.set(901, { id: 901, title: 'Nobody', lengthInMinutes: 90, hosts: [] })
    const sync = (dryRun: boolean) => calendars(team).syncTeam({ ...team, dryRun })
    const preview = await sync(true)
    expect(preview.members).toEqual([
      { name: 'Person 0', action: 'KEPT', resourceId: team.people[0] },
      { name: 'Zoe', action: 'CREATED', resourceId: null },
    ])
    expect(preview.services.map(({ title, action }) => [title, action])).toEqual([
      ['Cut', 'KEPT'],
      ['Perm', 'CREATED'],
      ['Nobody', 'SKIPPED'],
    ])
    expect(await team.read((tx) => listResources(tx))).toHaveLength(1)
    const done = await sync(false)
    expect(done.members.map(({ action }) => action)).toEqual(['KEPT', 'CREATED'])
    const services = await team.read((tx) => listServices(tx))
    expect(services.find(({ name }) => name === 'Perm')?.segments[0]?.resourceGroups[0]?.candidateIds).toHaveLength(2)
    const again = await sync(false)
    expect(again.members.every(({ action }) => action === 'KEPT')).toBe(true)
    expect(await team.read((tx) => listResources(tx))).toHaveLength(2)
    await team[Symbol.asyncDispose]()
  })

  it('takes nothing back of what was connected while the team was being read', async () => {
    await using team = await openCalcomGateway({ people: 1, jobs: false, connection: { teamId: 5 } })
    team.calcom.members.push({ id: 42, name: 'Zoe', email: 'zoe@example.com', username: 'zoe' })
    const options = { connection: { teamId: 5, fallbackEmail: 'new-desk@example.com' }, moreTypes: [777] }
    const { members } = await team
      .write(async (tx) => {
        await connectCalcom(tx, connectionTo(team.calcom, team, options))
        const syncing = calendars(team).syncTeam({ ...team, dryRun: false })
        await until(async () => (await countWaiting(team)) > 0)
        return [syncing] as const
      })
      .then(([syncing]) => syncing)
    expect(members.map(({ action }) => action)).toEqual(['KEPT', 'CREATED'])
    const found = await findIntegration(team.db, { id: team.integrationId, provider: 'CALCOM' })
    const { settings, version } = calcomIntegration(found ?? expect.fail())
    expect(settings.fallbackEmail).toBe('new-desk@example.com')
    expect(settings.eventTypes.map(({ eventTypeId }) => eventTypeId)).toContain(777)
    expect(settings.hosts.map(({ host }) => host)).toContain('zoe@example.com')
    // The team was read of the account that is connected now.
    expect(version).toBe(3)
    const outdated = syncTeam(team.db, { ...team, version: 1, team: { members: [], eventTypes: [] }, dryRun: false })
    await expect(outdated).rejects.toBeInstanceOf(OutdatedAttempt)
  })

  it('does nothing at all when one member or one service cannot be taken', async () => {
    const team = await openCalcomGateway({ people: 1, jobs: false, connection: { teamId: 5 } })
    team.calcom.members.push({ id: 42, name: 'Zoe', email: 'zoe@example.com', username: 'zoe' })
    team.calcom.eventTypes.set(900, { id: 900, title: 'Perm', lengthInMinutes: 0, hosts: team.calcom.members.slice(1) })
    for (const dryRun of [true, false]) {
      await expect(calendars(team).syncTeam({ ...team, dryRun })).rejects.toThrow()
    }
    expect(await team.read((tx) => listResources(tx))).toHaveLength(1)
    await team[Symbol.asyncDispose]()
  })
})

// Boards: many services under one cursor, equal to the query of each after every kind of change, loss and return.

import { isDeepStrictEqual } from 'node:util'
import { expect, it } from 'vitest'
import type { Slot } from '../../src/domain/vocabulary/types.ts'
import type { BoardQuestion, BoardStream, BoardUpdate } from '../../src/realtime/boards.ts'
import { InvalidCursorError } from '../../src/realtime/invalid-cursor-error.ts'
import { ALWAYS_OPEN, book, hourAhead, openSalon, segment } from '../support/salon.ts'
import { addResource, addService, openTenant, staffed } from '../support/tenant.ts'
import { until } from '../support/until.ts'
import { answerOf, openGateway, type TestGateway } from './gateways.ts'
import { createWriter, seededRandom } from './random-changes.ts'

const HOUR = 3_600_000

type Known = Map<string, Map<number, Slot>>

/** What a client knows after each message, so that it can come back as it was after any of them. */
function followBoard(stream: BoardStream, begins: Known = new Map()) {
  const history: { known: Known; cursor: string | null; update: BoardUpdate | null }[] = [
    { known: begins, cursor: null, update: null },
  ]
  const finished = (async () => {
    for await (const update of stream) {
      const known: Known = new Map(history.at(-1)?.known)
      for (const { serviceId, kind, opened, closed } of update.changes) {
        const slots = new Map(kind === 'SNAPSHOT' ? [] : known.get(serviceId))
        for (const { startsAt } of closed) slots.delete(startsAt)
        for (const slot of opened) slots.set(slot.startsAt, slot)
        known.set(serviceId, slots)
      }
      history.push({ known, cursor: update.cursor, update })
    }
  })()
  return {
    history,
    slots: (serviceId: string) =>
      [...(history.at(-1)?.known.get(serviceId)?.values() ?? [])].sort((a, b) => a.startsAt - b.startsAt),
    close: async () => {
      await stream.return()
      await finished
    },
  }
}

it('equals the query of each of its services under random changes, cut and resumed at any of its cursors', async () => {
  const random = seededRandom(13)
  await using tenant = await openTenant()
  const people: string[] = []
  for (const name of ['Ada', 'Ben', 'Cem', 'Dora']) {
    people.push((await addResource(tenant, { name, weeklyHours: ALWAYS_OPEN })).id)
  }
  const serviceIds: string[] = []
  for (const offered of [people.slice(0, 2), people.slice(1, 4), people]) {
    serviceIds.push((await addService(tenant, [staffed(offered)])).id)
  }
  const from = hourAhead(0)
  await using stack = new AsyncDisposableStack()
  const gateways: TestGateway[] = [false, true].map((isDeaf) => stack.use(openGateway(tenant.url, { isDeaf })))
  const boards = await Promise.all(
    [0, 1, 2, 3, 4, 5].map(async (index) => {
      const question: BoardQuestion = {
        organizationId: tenant.organizationId,
        serviceIds: index < 4 ? serviceIds : serviceIds.slice(1),
        resourceIds: index % 3 === 2 ? people.slice(0, 2) : null,
        from: from + index * 2 * HOUR,
        to: from + (30 + index) * HOUR,
      }
      const open = async (after: string | null) =>
        (gateways[Math.floor(random() * 2)] as TestGateway).live.board({ ...question, after })
      return { question, open, client: followBoard(await open(null)) }
    }),
  )
  const writers = gateways.map(({ db }) =>
    createWriter({
      db,
      organizationId: tenant.organizationId,
      resourceIds: people,
      from,
      to: from + 36 * HOUR,
      random,
    }),
  )
  let isWriting = true
  let returns = 0
  const comingBack = (async () => {
    while (isWriting) {
      const board = boards[Math.floor(random() * boards.length)] as (typeof boards)[0]
      const { history } = board.client
      await until(() => history.length > 1)
      // Of what was told last, some got lost on the way.
      const kept = history[Math.max(1, history.length - 1 - Math.floor(random() * 3))]
      await board.client.close()
      if (!kept) throw new Error('There is always a first message.')
      board.client = followBoard(await board.open(kept.cursor), kept.known)
      board.client.history[0] = { ...kept, update: null }
      returns++
      await new Promise((resolve) => setImmediate(resolve))
    }
  })()
  await Promise.all(
    writers.map(async ({ step }) => {
      for (let steps = 0; steps < 60; steps++) await step()
    }),
  )
  isWriting = false
  await comingBack
  expect(returns).toBeGreaterThan(5)
  for (const { question, client } of boards) {
    for (const serviceId of question.serviceIds) {
      await until(
        async () => isDeepStrictEqual(client.slots(serviceId), await answerOf(tenant.db, { ...question, serviceId })),
        { deadlineMs: 5000, intervalMs: 50, what: `board ${boards.findIndex((one) => one.client === client)}` },
      )
    }
    await client.close()
  }
}, 90_000)

it('costs by change: boards share the views of their services, and a change is told of the services it touches only', async () => {
  await using salon = await openSalon({ people: 3 })
  const [one, two, three] = salon.people as [string, string, string]
  const serviceIds = [salon.cutId]
  for (const offered of [[one], [two], [three]]) {
    serviceIds.push((await addService(salon, [segment({ candidateIds: offered })])).id)
  }
  await using gateway = openGateway(salon.url)
  const from = hourAhead(0)
  const question = { organizationId: salon.organizationId, serviceIds, resourceIds: null, from, to: from + 24 * HOUR }
  const clients = await Promise.all(
    Array.from({ length: 20 }, async () => followBoard(await gateway.live.board({ ...question, after: null }))),
  )
  await until(() => clients.every(({ history }) => history.length === 2))
  expect(clients[0]?.history[1]?.update?.changes.map(({ serviceId, kind }) => [serviceId, kind])).toEqual(
    serviceIds.map((id) => [id, 'SNAPSHOT']),
  )
  const { views, watchedDays } = gateway.live.status()
  expect(views).toBe(serviceIds.length)
  gateway.db.onCommitted = (transaction) => gateway.live.onCommitted(transaction)
  await book(salon, from + HOUR, { slot: { serviceId: salon.cutId, startsAt: from + HOUR, resourceIds: [two] } })
  await until(() => clients.every(({ history }) => history.length === 3))
  for (const { history } of clients) {
    expect(history[2]?.update?.changes.map(({ serviceId }) => serviceId).sort()).toEqual(
      [serviceIds[0], serviceIds[2]].sort(),
    )
    // The same slots for all: nothing was judged or copied for one of them.
    for (const [index, { opened, closed }] of (history[2]?.update?.changes ?? []).entries()) {
      const first = clients[0]?.history[2]?.update?.changes[index]
      expect([opened === first?.opened, closed === first?.closed]).toEqual([true, true])
    }
  }
  expect(gateway.live.status()).toMatchObject({ views, watchedDays })
  await Promise.all(clients.map(({ close }) => close()))
  expect(gateway.live.status().subscribers).toBe(0)
})

it('begins anew with the cursor of another board, and refuses what is no cursor', async () => {
  await using salon = await openSalon({ people: 1 })
  const other = await addService(salon, [segment({ candidateIds: salon.people })])
  await using gateway = openGateway(salon.url)
  const from = hourAhead(0)
  const question = { organizationId: salon.organizationId, resourceIds: null, from, to: from + HOUR }
  const first = followBoard(await gateway.live.board({ ...question, serviceIds: [salon.cutId], after: null }))
  await until(() => first.history.length === 2)
  const cursor = first.history[1]?.cursor ?? null
  const both = { ...question, serviceIds: [salon.cutId, other.id] }
  const second = followBoard(await gateway.live.board({ ...both, after: cursor }))
  await until(() => second.history.length === 2)
  expect(second.history[1]?.update?.changes.map(({ kind }) => kind)).toEqual(['SNAPSHOT', 'SNAPSHOT'])
  await expect(gateway.live.board({ ...both, after: 'garbage' })).rejects.toThrow(InvalidCursorError)
  await Promise.all([first.close(), second.close()])
})

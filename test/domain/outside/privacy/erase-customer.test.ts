import { expect, test } from 'vitest'
import { eraseCustomer } from '../../../../src/domain/outside/privacy/erase-customer.ts'
import { exportCustomer } from '../../../../src/domain/outside/privacy/export-customer.ts'
import { createWebhookEndpoint } from '../../../../src/domain/outside/webhooks/webhook-endpoints.ts'
import { upsertCustomer } from '../../../../src/domain/people/customers.ts'
import { NotFoundError } from '../../../../src/domain/vocabulary/refusals.ts'
import { cancel } from '../../../support/appointment-changes.ts'
import { expectIntact } from '../../../support/database-checks.ts'
import { dumpDatabase, tablesWith } from '../../../support/database-dump.ts'
import { openRetellGateway, type RetellGateway } from '../../../support/retell-gateway.ts'
import { book, hourAhead, openSalon } from '../../../support/salon.ts'

const PERSON = { name: 'Wilhelmine Quastenberger', phone: '+49 30 23125777', email: 'quaste@example.org' }
/** Everything that points to the person, in all notations of the number. */
const TRACES = [/Wilhelmine/i, /Quastenberger/i, /quaste@/i, /30[ ()/.–-]{0,3}23[ ()/.–-]{0,2}125[ ()/.–-]{0,2}777/]

async function remember(salon: RetellGateway): Promise<{ customerId: string; otherId: string }> {
  await salon.write((tx) =>
    createWebhookEndpoint(tx, {
      url: 'https://receiver.example.org/hook',
      kinds: ['BOOKED', 'CANCELLED'],
      description: null,
      allowsPrivate: false,
    }),
  )
  const person = await salon.write((tx) => upsertCustomer(tx, PERSON))
  const other = await salon.write((tx) => upsertCustomer(tx, { name: 'Otto Bleibt', phone: '+49 30 23125888' }))
  const booked = await book(salon, hourAhead(0), {
    customer: PERSON,
    notes: 'Wilhelmine likes it short',
    idempotencyKey: 'book-030/23125777-monday',
  })
  await book(salon, hourAhead(1), { customerId: person.id, customer: null })
  await book(salon, hourAhead(2), { customerId: other.id, customer: null })
  await cancel(salon, booked.appointment, { reason: 'Frau Quastenberger is ill' })
  await salon.retell.event('call_ended', {
    call_id: 'call_of_hers',
    from_number: '+493023125777',
    transcript: 'User: Quastenberger, my number is 030 23 125 777.',
  })
  return { customerId: person.id, otherId: other.id }
}

test('after the erasure nothing in the whole database tells of the person, and what happened stays', async () => {
  await using salon = await openRetellGateway()
  const { customerId, otherId } = await remember(salon)
  const before = tablesWith(await dumpDatabase(salon.db), TRACES)
  for (const table of [
    'customers',
    'appointments',
    'appointment_events',
    'calls',
    'inbox',
    'webhook_deliveries',
    'idempotency_keys',
  ])
    expect(before).toContain(`public.${table}`)
  const { appointments: exported, calls } = await salon.read((tx) => exportCustomer(tx, customerId))
  expect([exported.length, calls.length]).toEqual([2, 1])

  const erased = await eraseCustomer(salon.db, { organizationId: salon.organizationId, customerId })
  expect(erased).toMatchObject({ appointments: 2, calls: 1 })

  const after = await dumpDatabase(salon.db)
  expect(tablesWith(after, TRACES)).toEqual([])
  expect(tablesWith(after, [/Otto Bleibt/])).toContain('public.customers')
  const rest = await salon.read((tx) => exportCustomer(tx, otherId))
  expect(rest.appointments).toHaveLength(1)
  await expect(eraseCustomer(salon.db, { organizationId: salon.organizationId, customerId })).rejects.toBeInstanceOf(
    NotFoundError,
  )
  await expectIntact(salon.db)
})

test('a booking that races the erasure cannot bring the person back', async () => {
  await using salon = await openSalon({ people: 4 })
  const { id: customerId } = await salon.write((tx) => upsertCustomer(tx, PERSON))
  const bookings = Array.from({ length: 24 }, (_, index) =>
    book(salon, hourAhead(index), { customerId, customer: null, notes: 'for Wilhelmine' }).catch((error: unknown) => {
      if (!(error instanceof NotFoundError)) throw error
      return null
    }),
  )
  // Some bookings are in the database before it begins and some come after it has ended.
  await Promise.race(bookings)
  const { organizationId } = salon
  const erasing = eraseCustomer(salon.db, { organizationId, customerId })
  const late = Array.from({ length: 24 }, (_, index) =>
    book(salon, hourAhead(30 + index), { customerId, customer: null, notes: 'for Wilhelmine' }).catch(
      (error: unknown) => {
        if (!(error instanceof NotFoundError)) throw error
        return null
      },
    ),
  )
  const { appointments } = await erasing
  const booked = (await Promise.all([...bookings, ...late])).filter((one) => one !== null)
  expect(appointments).toBe(booked.length)
  expect(tablesWith(await dumpDatabase(salon.db), TRACES)).toEqual([])
  await expectIntact(salon.db)
})

// One of everything, with public ids, and a document for every root field that touches as much of it as it can.
import { readLogPosition } from '../../src/db/log-positions.ts'
import { addTimeOff } from '../../src/domain/catalogue/time-off.ts'
import { reportConflict } from '../../src/domain/outside/calendars/calendar-conflicts.ts'
import { createCalendarFeed } from '../../src/domain/outside/calendars/calendar-feeds.ts'
import { connectCalcom } from '../../src/domain/outside/calendars/calendars.ts'
import { connectRetell } from '../../src/domain/outside/calls/voice-agents.ts'
import { listWebhookDeliveries } from '../../src/domain/outside/webhooks/webhook-deliveries.ts'
import { createWebhookEndpoint } from '../../src/domain/outside/webhooks/webhook-endpoints.ts'
import type { Caller } from '../../src/domain/people/callers.ts'
import { upsertCustomer } from '../../src/domain/people/customers.ts'
import { appointmentsScope, createCursors } from '../../src/realtime/cursors.ts'
import { parseSnapshot } from '../../src/realtime/snapshots.ts'
import { encodeId } from '../../src/schema/machinery/ids.ts'
import { formatInstant } from '../../src/schema/machinery/instants.ts'
import { CURSOR_SECRET } from '../support/cursor-secret.ts'
import {
  ALWAYS_OPEN,
  book,
  guestCaller,
  hold,
  hourAhead,
  publishableCaller,
  type Salon,
  secretCaller,
  segment,
} from '../support/salon.ts'
import { addResource, addService } from '../support/tenant.ts'

export interface World {
  secret: Caller
  publishable: Caller
  manage: Caller
  organizationId: string
  locationId: string
  resourceId: string
  serviceId: string
  /** Placed with the publishable key. */
  holdId: string
  /** The one of the manage token; its customer has `phone`. */
  appointmentId: string
  customerId: string
  timeOffId: string
  integrationId: string
  /** A connected calendar, with a conflict. */
  calendarId: string
  webhookEndpointId: string
  webhookDeliveryId: string
  /** Of the appointment. */
  calendarFeedId: string
  phone: string
  /** A moment before there was anything. */
  asOf: string
  startsAt: string
  from: string
  to: string
}

type TenantWithLane = Pick<Salon, 'lane' | 'read' | 'write' | 'organizationId' | 'locationId'>

export const PHONE = '+493023125111'

/** Fills an empty organization. */
export async function fillWorld(tenant: TenantWithLane): Promise<World> {
  const { organizationId, lane } = tenant
  const asOf = await readMoment(tenant)
  const people = [
    (await addResource(tenant, { name: 'Anna', weeklyHours: ALWAYS_OPEN })).id,
    (await addResource(tenant, { name: 'Ben', weeklyHours: ALWAYS_OPEN })).id,
  ]
  const [resource = ''] = people
  const cutId = (await addService(tenant, [segment({ candidateIds: people })])).id
  const salon = { ...tenant, lane, cutId }
  const callers = { secret: secretCaller(organizationId), publishable: publishableCaller(organizationId) }
  const customer = await salon.write((tx) =>
    upsertCustomer(tx, { name: 'Stored Name', phone: PHONE, email: 'stored@example.org' }),
  )
  const calendar = await salon.write((tx) =>
    connectCalcom(tx, {
      locationId: salon.locationId,
      apiKey: 'cal_live_of_the_world',
      webhookSecret: 'a secret of the world',
      baseUrl: null,
      versions: {},
      teamId: null,
      eventTypes: [{ eventTypeId: 7, serviceId: cutId, resourceId: null }],
      hosts: [{ host: 'anna@example.org', resourceId: resource }],
      fallbackEmail: null,
    }),
  )
  const { endpoint } = await salon.write((tx) =>
    createWebhookEndpoint(tx, { url: 'https://example.org/hook', kinds: ['BOOKED'], allowsPrivate: false }),
  )
  const { appointment } = await book({ ...salon, caller: callers.publishable }, hourAhead(0), {
    customer: { name: 'Given Name', phone: PHONE, email: null },
  })
  const [delivery] = (await salon.read((tx) => listWebhookDeliveries(tx, { endpointId: endpoint.id }))).rows
  const { feed } = await salon.write((tx) =>
    createCalendarFeed(tx, {
      caller: callers.secret,
      resourceId: null,
      appointmentId: appointment.id,
      showsCustomers: false,
    }),
  )
  await salon.write((tx) =>
    reportConflict(
      tx,
      {
        integrationId: calendar.id,
        kind: 'TAKEN_THERE',
        appointmentId: appointment.id,
        externalId: null,
        startsAt: appointment.startsAt,
        endsAt: appointment.endsAt,
        message: 'Taken.',
      },
      cutId,
    ),
  )
  const held = await hold({ ...salon, caller: callers.publishable }, hourAhead(2))
  const timeOff = await salon.write((tx) =>
    addTimeOff(tx, { resourceId: resource, startsAt: hourAhead(200), endsAt: hourAhead(201), reason: 'ill' }),
  )
  const integration = await salon.write((tx) =>
    connectRetell(tx, {
      locationId: salon.locationId,
      apiKey: 'a key with a badge',
      language: null,
      functions: [{ agentName: 'termin_buchen', name: 'book_appointment' }],
      serviceNames: [{ spoken: 'Schneiden', serviceId: cutId }],
      holdSeconds: null,
    }),
  )
  return {
    ...callers,
    manage: guestCaller(organizationId, appointment.id),
    organizationId: encodeId('organization', organizationId),
    locationId: encodeId('location', salon.locationId),
    resourceId: encodeId('resource', resource),
    serviceId: encodeId('service', cutId),
    holdId: encodeId('hold', held.id),
    appointmentId: encodeId('appointment', appointment.id),
    customerId: encodeId('customer', customer.id),
    timeOffId: encodeId('time_off', timeOff.id),
    integrationId: encodeId('integration', integration.id),
    calendarId: encodeId('integration', calendar.id),
    webhookEndpointId: encodeId('webhook_endpoint', endpoint.id),
    webhookDeliveryId: encodeId('webhook_delivery', delivery?.id ?? ''),
    calendarFeedId: encodeId('calendar_feed', feed.id),
    phone: PHONE,
    asOf,
    startsAt: formatInstant(hourAhead(4)),
    from: formatInstant(hourAhead(0)),
    to: formatInstant(hourAhead(12)),
  }
}

async function readMoment({ read, organizationId }: TenantWithLane): Promise<string> {
  const { epoch, snapshot, now } = await read(readLogPosition)
  const seen = parseSnapshot(snapshot)
  if (!seen) throw new Error('PostgreSQL answered no snapshot.')
  return createCursors(CURSOR_SECRET).encode({
    epoch,
    snapshot: seen,
    ahead: [],
    at: now,
    scope: appointmentsScope(organizationId),
  })
}

// Every root field: how it is asked, who may ask it, and what somebody else's ids lead to.
import type { World } from './world.ts'

/** `hidden`: it answers as if nothing were there. */
export type Access = 'answers' | 'hidden' | 'FORBIDDEN' | 'BAD_USER_INPUT'

export interface RootField {
  document: string
  variables: (world: World) => Record<string, unknown>
  /** The appointments have to have begun. */
  isOfPast?: true
  secret: Access
  publishable: Access
  manage: Access
  /** What the ids of another organization lead to: nothing there, a refusal, or there is no id to give. */
  foreign: 'hidden' | 'NOT_FOUND' | 'INVALID_INPUT' | 'BAD_USER_INPUT' | 'no ids'
}

const everyone = { secret: 'answers', publishable: 'answers', manage: 'answers' } as const
const booking = { secret: 'answers', publishable: 'answers', manage: 'FORBIDDEN' } as const
const own = { secret: 'answers', publishable: 'FORBIDDEN', manage: 'answers' } as const
const secretOnly = { secret: 'answers', publishable: 'FORBIDDEN', manage: 'FORBIDDEN' } as const
const hiddenToOthers = { secret: 'answers', publishable: 'hidden', manage: 'hidden' } as const

const RESULT = '{ __typename ... on Error { code message } ... on Node { id } }'

const input = (name: string, type: string, result = RESULT) =>
  `mutation ($input: ${type}!) { ${name}(input: $input) ${result} }`

const EXPORTED_RESULT = '{ __typename ... on Error { code message } ... on ExportedCustomer { data } }'
const ERASED_RESULT =
  '{ __typename ... on Error { code message } ... on ErasedCustomer { appointments calls deliveries } }'
const SECRET_RESULT = '{ __typename ... on Error { code message } ... on WebhookSecret { secret endpoint { id } } }'
const TEAM_RESULT = '{ __typename ... on Error { code message } ... on TeamSync { dryRun members { name } } }'
const RECONCILED_RESULT = '{ __typename ... on Error { code message } ... on Reconciliation { read applied } }'
const REPLAYED_RESULT = '{ __typename ... on Error { code message } ... on Replay { replayed applied } }'
const ADDRESS_RESULT = '{ __typename ... on Error { code message } ... on CalendarFeedAddress { path feed { id } } }'

export const rootFields: Record<string, RootField> = {
  'Query.node': {
    document: 'query ($id: ID!) { node(id: $id) { __typename id } }',
    variables: ({ resourceId }) => ({ id: resourceId }),
    ...everyone,
    foreign: 'hidden',
  },
  'Query.organization': {
    document: '{ organization { id name locations { id name } } }',
    variables: () => ({}),
    ...everyone,
    foreign: 'no ids',
  },
  'Query.service': {
    document:
      'query ($id: ID!) { service(id: $id) { id name segments { resourceGroups { candidates { id name } } } } }',
    variables: ({ serviceId }) => ({ id: serviceId }),
    ...everyone,
    foreign: 'hidden',
  },
  'Query.services': {
    document: 'query ($locationId: ID) { services(locationId: $locationId) { id name } }',
    variables: ({ locationId }) => ({ locationId }),
    ...everyone,
    foreign: 'hidden',
  },
  'Query.resource': {
    document: 'query ($id: ID!) { resource(id: $id) { id name weeklyHours { weekday } } }',
    variables: ({ resourceId }) => ({ id: resourceId }),
    ...everyone,
    foreign: 'hidden',
  },
  'Query.resources': {
    document: 'query ($locationId: ID) { resources(locationId: $locationId) { id name } }',
    variables: ({ locationId }) => ({ locationId }),
    ...everyone,
    foreign: 'hidden',
  },
  'Query.availability': {
    document: 'query ($input: AvailabilityInput!) { availability(input: $input) { cursor slots { startsAt } } }',
    variables: ({ serviceId, from, to }) => ({ input: { serviceId, from, to } }),
    ...everyone,
    foreign: 'BAD_USER_INPUT',
  },
  'Query.alternatives': {
    document: 'query ($input: AlternativesInput!) { alternatives(input: $input) { startsAt } }',
    variables: ({ serviceId, startsAt }) => ({ input: { serviceId, near: startsAt } }),
    ...everyone,
    foreign: 'BAD_USER_INPUT',
  },
  'Query.explainSlot': {
    document: 'query ($input: SlotInput!) { explainSlot(input: $input) { bookable reasons { reason } } }',
    variables: ({ serviceId, startsAt }) => ({ input: { serviceId, startsAt } }),
    ...everyone,
    foreign: 'BAD_USER_INPUT',
  },
  'Query.hold': {
    document: 'query ($id: ID!) { hold(id: $id) { id status } }',
    variables: ({ holdId }) => ({ id: holdId }),
    secret: 'answers',
    publishable: 'answers',
    manage: 'hidden',
    foreign: 'hidden',
  },
  'Query.appointment': {
    document: 'query ($id: ID!) { appointment(id: $id) { id customer { name } } }',
    variables: ({ appointmentId }) => ({ id: appointmentId }),
    secret: 'answers',
    publishable: 'hidden',
    manage: 'answers',
    foreign: 'hidden',
  },
  'Query.appointments': {
    document: 'query ($filter: AppointmentFilter) { appointments(filter: $filter) { asOf edges { node { id } } } }',
    variables: ({ serviceId }) => ({ filter: { serviceId } }),
    ...hiddenToOthers,
    foreign: 'hidden',
  },
  'Query.customer': {
    document: 'query ($id: ID!) { customer(id: $id) { id name } }',
    variables: ({ customerId }) => ({ id: customerId }),
    ...hiddenToOthers,
    foreign: 'hidden',
  },
  'Query.customerByPhone': {
    document:
      'query ($phone: PhoneNumber!, $locationId: ID) { customerByPhone(phone: $phone, locationId: $locationId) { id name } }',
    variables: ({ phone, locationId }) => ({ phone, locationId }),
    ...hiddenToOthers,
    foreign: 'hidden',
  },
  'Query.customers': {
    document: 'query ($search: String) { customers(search: $search) { edges { node { id name } } } }',
    variables: () => ({ search: 'Stored' }),
    ...hiddenToOthers,
    foreign: 'no ids',
  },
  'Query.effectivePolicy': {
    document:
      'query ($serviceId: ID!, $resourceId: ID) { effectivePolicy(serviceId: $serviceId, resourceId: $resourceId) { id version } }',
    variables: ({ serviceId, resourceId }) => ({ serviceId, resourceId }),
    ...everyone,
    foreign: 'BAD_USER_INPUT',
  },
  'Mutation.holdSlot': {
    document: input('holdSlot', 'HoldSlotInput'),
    variables: ({ serviceId, startsAt }) => ({ input: { slot: { serviceId, startsAt } } }),
    ...booking,
    foreign: 'NOT_FOUND',
  },
  'Mutation.extendHold': {
    document: input('extendHold', 'ExtendHoldInput'),
    variables: ({ holdId }) => ({ input: { holdId, ttlSeconds: 600 } }),
    ...booking,
    foreign: 'NOT_FOUND',
  },
  'Mutation.releaseHold': {
    document: input('releaseHold', 'ReleaseHoldInput'),
    variables: ({ holdId }) => ({ input: { holdId } }),
    ...booking,
    foreign: 'NOT_FOUND',
  },
  'Mutation.bookAppointment': {
    document: `mutation ($input: BookAppointmentInput!) { bookAppointment(input: $input) { __typename ... on Error { code message } } }`,
    variables: ({ serviceId, startsAt }) => ({ input: { slot: { serviceId, startsAt }, customer: { name: 'Ada' } } }),
    ...booking,
    foreign: 'NOT_FOUND',
  },
  'Mutation.rescheduleAppointment': {
    document: input('rescheduleAppointment', 'RescheduleAppointmentInput'),
    variables: ({ appointmentId, startsAt }) => ({ input: { appointmentId, expectedVersion: 1, startsAt } }),
    ...own,
    foreign: 'NOT_FOUND',
  },
  'Mutation.cancelAppointment': {
    document: input('cancelAppointment', 'CancelAppointmentInput'),
    variables: ({ appointmentId }) => ({ input: { appointmentId, expectedVersion: 1 } }),
    ...own,
    foreign: 'NOT_FOUND',
  },
  'Mutation.completeAppointment': {
    document: input('completeAppointment', 'CloseAppointmentInput'),
    isOfPast: true,
    variables: ({ appointmentId }) => ({ input: { appointmentId, expectedVersion: 1 } }),
    ...secretOnly,
    foreign: 'NOT_FOUND',
  },
  'Mutation.markNoShow': {
    document: input('markNoShow', 'CloseAppointmentInput'),
    isOfPast: true,
    variables: ({ appointmentId }) => ({ input: { appointmentId, expectedVersion: 1 } }),
    ...secretOnly,
    foreign: 'NOT_FOUND',
  },
  'Mutation.upsertCustomer': {
    document: input('upsertCustomer', 'UpsertCustomerInput'),
    variables: ({ phone, locationId }) => ({ input: { name: 'Ada', phone, locationId } }),
    ...secretOnly,
    foreign: 'INVALID_INPUT',
  },
  'Mutation.updateCustomer': {
    document: input('updateCustomer', 'UpdateCustomerInput'),
    variables: ({ customerId }) => ({ input: { customerId, name: 'Ada' } }),
    ...secretOnly,
    foreign: 'NOT_FOUND',
  },
  'Mutation.exportCustomer': {
    document: input('exportCustomer', 'ExportCustomerInput', EXPORTED_RESULT),
    variables: ({ customerId }) => ({ input: { customerId } }),
    ...secretOnly,
    foreign: 'NOT_FOUND',
  },
  'Mutation.eraseCustomer': {
    document: input('eraseCustomer', 'EraseCustomerInput', ERASED_RESULT),
    variables: ({ customerId }) => ({ input: { customerId } }),
    ...secretOnly,
    foreign: 'NOT_FOUND',
  },
  'Mutation.updatePolicy': {
    document: input('updatePolicy', 'UpdatePolicyInput'),
    variables: ({ serviceId }) => ({
      input: {
        scope: 'SERVICE',
        scopeId: serviceId,
        expectedVersion: 0,
        cancelNoticeMinutes: 60,
        rescheduleNoticeMinutes: 60,
      },
    }),
    ...secretOnly,
    foreign: 'NOT_FOUND',
  },
  'Query.integrations': {
    document:
      '{ integrations { id provider location { id } voiceAgent { language functions { agentName } serviceNames { service { id } } } webhookAddresses { path } } }',
    variables: () => ({}),
    ...hiddenToOthers,
    foreign: 'no ids',
  },
  'Mutation.connectRetell': {
    document: input('connectRetell', 'ConnectRetellInput'),
    variables: ({ locationId }) => ({ input: { locationId, apiKey: 'a key with a badge' } }),
    ...secretOnly,
    foreign: 'NOT_FOUND',
  },
  'Mutation.disconnectIntegration': {
    document: `mutation ($id: ID!) { disconnectIntegration(integrationId: $id) ${RESULT} }`,
    variables: ({ integrationId }) => ({ id: integrationId }),
    ...secretOnly,
    foreign: 'NOT_FOUND',
  },
  'Mutation.connectCalcom': {
    document: input('connectCalcom', 'ConnectCalcomInput'),
    variables: ({ locationId, serviceId, resourceId }) => ({
      input: {
        locationId,
        apiKey: 'cal_live_another',
        webhookSecret: 'another secret, long',
        eventTypes: [{ eventTypeId: 8, serviceId, resourceId }],
        hosts: [{ host: 'Ben@example.org', resourceId }],
      },
    }),
    ...secretOnly,
    foreign: 'INVALID_INPUT',
  },
  'Mutation.syncTeam': {
    document: input('syncTeam', 'SyncTeamInput', TEAM_RESULT),
    variables: ({ calendarId }) => ({ input: { integrationId: calendarId, dryRun: true } }),
    ...secretOnly,
    foreign: 'NOT_FOUND',
  },
  'Mutation.reconcileCalendar': {
    document: `mutation ($id: ID!) { reconcileCalendar(integrationId: $id) ${RECONCILED_RESULT} }`,
    variables: ({ calendarId }) => ({ id: calendarId }),
    ...secretOnly,
    foreign: 'NOT_FOUND',
  },
  'Mutation.replayFailedDeliveries': {
    document: `mutation ($id: ID!) { replayFailedDeliveries(integrationId: $id) ${REPLAYED_RESULT} }`,
    variables: ({ calendarId }) => ({ id: calendarId }),
    ...secretOnly,
    foreign: 'NOT_FOUND',
  },
  'Mutation.retryExternalBooking': {
    document: `mutation ($id: ID!) { retryExternalBooking(appointmentId: $id, provider: "calcom") {
      __typename ... on Error { code message } ... on Appointment { id externalBookings { status } } } }`,
    variables: ({ appointmentId }) => ({ id: appointmentId }),
    ...secretOnly,
    foreign: 'NOT_FOUND',
  },
  'Query.calendarConflicts': {
    document: '{ calendarConflicts { kind message appointment { id } integration { id } suggestedStarts resolvedAt } }',
    variables: () => ({}),
    ...hiddenToOthers,
    foreign: 'no ids',
  },
  'Query.webhookEndpoints': {
    document:
      '{ webhookEndpoints { id url eventTypes enabled version deliveries(first: 5) { edges { node { id status } } } } }',
    variables: () => ({}),
    ...secretOnly,
    foreign: 'no ids',
  },
  'Query.webhookDeliveries': {
    document: `query ($endpointId: ID, $appointmentId: ID) { webhookDeliveries(endpointId: $endpointId, appointmentId: $appointmentId) {
      edges { node { id messageId eventType status attempts endpoint { id } appointment { id } } } pageInfo { hasNextPage } } }`,
    variables: ({ webhookEndpointId, appointmentId }) => ({ endpointId: webhookEndpointId, appointmentId }),
    ...secretOnly,
    foreign: 'hidden',
  },
  'Mutation.createWebhookEndpoint': {
    document: input('createWebhookEndpoint', 'CreateWebhookEndpointInput', SECRET_RESULT),
    variables: () => ({ input: { url: 'https://example.org/another', eventTypes: ['APPOINTMENT_BOOKED'] } }),
    ...secretOnly,
    foreign: 'no ids',
  },
  'Mutation.updateWebhookEndpoint': {
    document: input('updateWebhookEndpoint', 'UpdateWebhookEndpointInput'),
    variables: ({ webhookEndpointId }) => ({
      input: { endpointId: webhookEndpointId, expectedVersion: 1, enabled: false },
    }),
    ...secretOnly,
    foreign: 'NOT_FOUND',
  },
  'Mutation.deleteWebhookEndpoint': {
    document: `mutation ($id: ID!) { deleteWebhookEndpoint(endpointId: $id) ${RESULT} }`,
    variables: ({ webhookEndpointId }) => ({ id: webhookEndpointId }),
    ...secretOnly,
    foreign: 'NOT_FOUND',
  },
  'Mutation.rotateWebhookSecret': {
    document: input('rotateWebhookSecret', 'RotateWebhookSecretInput', SECRET_RESULT),
    variables: ({ webhookEndpointId }) => ({ input: { endpointId: webhookEndpointId } }),
    ...secretOnly,
    foreign: 'NOT_FOUND',
  },
  'Mutation.redeliverWebhook': {
    document: `mutation ($id: ID!) { redeliverWebhook(deliveryId: $id) ${RESULT} }`,
    variables: ({ webhookDeliveryId }) => ({ id: webhookDeliveryId }),
    ...secretOnly,
    foreign: 'NOT_FOUND',
  },
  'Query.calendarFeeds': {
    document: '{ calendarFeeds { id resource { id } appointment { id } showsCustomers } }',
    variables: () => ({}),
    ...own,
    foreign: 'no ids',
  },
  'Mutation.createCalendarFeed': {
    document: input('createCalendarFeed', 'CreateCalendarFeedInput', ADDRESS_RESULT),
    variables: ({ appointmentId }) => ({ input: { appointmentId } }),
    ...own,
    foreign: 'NOT_FOUND',
  },
  'Mutation.revokeCalendarFeed': {
    document: `mutation ($id: ID!) { revokeCalendarFeed(feedId: $id) ${RESULT} }`,
    variables: ({ calendarFeedId }) => ({ id: calendarFeedId }),
    ...own,
    foreign: 'NOT_FOUND',
  },
  'Mutation.createLocation': {
    document: input('createLocation', 'CreateLocationInput'),
    variables: () => ({ input: { name: 'Nord', timeZone: 'Europe/Berlin', country: 'DE' } }),
    ...secretOnly,
    foreign: 'no ids',
  },
  'Mutation.createResource': {
    document: input('createResource', 'CreateResourceInput'),
    variables: ({ locationId }) => ({ input: { locationId, kind: 'ROOM', name: 'Room', weeklyHours: [] } }),
    ...secretOnly,
    foreign: 'NOT_FOUND',
  },
  'Mutation.updateResource': {
    document: input('updateResource', 'UpdateResourceInput'),
    variables: ({ resourceId }) => ({ input: { resourceId, expectedVersion: 1, name: 'Bea' } }),
    ...secretOnly,
    foreign: 'NOT_FOUND',
  },
  'Mutation.createService': {
    document: input('createService', 'CreateServiceInput'),
    variables: ({ locationId, resourceId }) => ({
      input: {
        locationId,
        name: 'Colour',
        segments: [
          { name: 'Colour', durationMinutes: 30, resourceGroups: [{ kind: 'STAFF', candidateIds: [resourceId] }] },
        ],
      },
    }),
    ...secretOnly,
    foreign: 'NOT_FOUND',
  },
  'Mutation.updateService': {
    document: input('updateService', 'UpdateServiceInput'),
    variables: ({ serviceId }) => ({ input: { serviceId, expectedVersion: 1, name: 'Cut and go' } }),
    ...secretOnly,
    foreign: 'NOT_FOUND',
  },
  'Mutation.setWeeklyHours': {
    document: input('setWeeklyHours', 'SetWeeklyHoursInput'),
    variables: ({ resourceId }) => ({ input: { resourceId, expectedVersion: 1, weeklyHours: [] } }),
    ...secretOnly,
    foreign: 'NOT_FOUND',
  },
  'Mutation.setDateOverride': {
    document: input('setDateOverride', 'SetDateOverrideInput'),
    variables: ({ resourceId }) => ({ input: { resourceId, expectedVersion: 1, date: '2027-03-28', hours: [] } }),
    ...secretOnly,
    foreign: 'NOT_FOUND',
  },
  'Mutation.addTimeOff': {
    document: input('addTimeOff', 'AddTimeOffInput'),
    variables: ({ resourceId, from, to }) => ({ input: { resourceId, startsAt: from, endsAt: to } }),
    ...secretOnly,
    foreign: 'NOT_FOUND',
  },
  'Mutation.removeTimeOff': {
    document: input('removeTimeOff', 'RemoveTimeOffInput'),
    variables: ({ timeOffId }) => ({ input: { timeOffId } }),
    ...secretOnly,
    foreign: 'NOT_FOUND',
  },
  'Subscription.availability': {
    document: 'subscription ($input: AvailabilityInput!) { availability(input: $input) { kind opened { startsAt } } }',
    variables: ({ serviceId, from, to }) => ({ input: { serviceId, from, to } }),
    ...everyone,
    foreign: 'BAD_USER_INPUT',
  },
  'Subscription.boardAvailability': {
    document:
      'subscription ($input: BoardInput!) { boardAvailability(input: $input) { changes { serviceId kind opened { startsAt } } } }',
    variables: ({ locationId, serviceId, from, to }) => ({ input: { locationId, serviceIds: [serviceId], from, to } }),
    ...everyone,
    foreign: 'BAD_USER_INPUT',
  },
  'Subscription.appointment': {
    document: 'subscription ($id: ID!) { appointment(id: $id) { id } }',
    variables: ({ appointmentId }) => ({ id: appointmentId }),
    secret: 'answers',
    publishable: 'BAD_USER_INPUT',
    manage: 'answers',
    foreign: 'BAD_USER_INPUT',
  },
  'Subscription.appointments': {
    document: 'subscription ($after: String) { appointments(after: $after) { id } }',
    variables: ({ asOf }) => ({ after: asOf }),
    secret: 'answers',
    publishable: 'FORBIDDEN',
    manage: 'FORBIDDEN',
    foreign: 'BAD_USER_INPUT',
  },
}

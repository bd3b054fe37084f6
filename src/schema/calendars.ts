// Calendars: a Cal.com account that follows our appointments, and where the two disagree.
import { type CalendarConflictRecord, listConflicts } from '../domain/outside/calendars/calendar-conflicts.ts'
import {
  CALCOM_DEFAULTS,
  type CalcomSettings,
  type Calendars,
  calcomSettingsOf,
  connectCalcom,
  type ReconciliationReport,
  type ReplayReport,
  type TeamSyncReport,
} from '../domain/outside/calendars/calendars.ts'
import { retryExternalBooking } from '../domain/outside/calendars/external-bookings.ts'
import { loadIntegrations } from '../domain/outside/integrations.ts'
import { BusyError, InvalidInputError, NotFoundError } from '../domain/vocabulary/refusals.ts'
import { ConflictKind, TeamSyncAction } from './enums.ts'
import { Integration } from './integrations.ts'
import { seesEveryone } from './machinery/access.ts'
import { builder } from './machinery/builder.ts'
import { type Context, callerOf } from './machinery/context.ts'
import { costs } from './machinery/costs.ts'
import { idOrNobody, requireId } from './machinery/inputs.ts'
import { change, write } from './machinery/writes.ts'
import { Appointment, Resource, Service } from './refs.ts'

const EventTypeMapping = builder.objectRef<CalcomSettings['eventTypes'][number]>('EventTypeMapping').implement({
  description: 'What stands for a service over there.',
  fields: (t) => ({
    eventTypeId: t.exposeInt('eventTypeId', { description: 'Its id there.' }),
    service: t.field({
      type: Service,
      description: 'The service here.',
      resolve: ({ serviceId }) => ({ id: serviceId }),
    }),
    resource: t.field({
      type: Resource,
      nullable: true,
      description: 'It is for this resource alone. Null: for whoever hosts it.',
      resolve: ({ resourceId }) => (resourceId === null ? null : { id: resourceId }),
    }),
  }),
})

const HostMapping = builder.objectRef<CalcomSettings['hosts'][number]>('HostMapping').implement({
  description: 'Who over there is who here.',
  fields: (t) => ({
    host: t.exposeString('host', { description: 'The id, e-mail address or user name there.' }),
    resource: t.field({
      type: Resource,
      description: 'The resource here.',
      resolve: ({ resourceId }) => ({ id: resourceId }),
    }),
  }),
})

const CalendarSettings = builder.objectRef<CalcomSettings>('CalendarSettings').implement({
  description: 'How an outside calendar is set.',
  fields: (t) => ({
    baseUrl: t.exposeString('baseUrl', { description: 'Where its API is.' }),
    teamId: t.exposeInt('teamId', { nullable: true, description: 'The team there. Null: the account itself.' }),
    eventTypes: t.expose('eventTypes', { type: [EventTypeMapping], description: 'What stands for which service.' }),
    hosts: t.expose('hosts', { type: [HostMapping], description: 'Who is who.' }),
    bookingsVersion: t.string({
      description: 'The version of its API that is asked for bookings.',
      resolve: ({ versions }) => versions.bookings,
    }),
  }),
})

builder.objectField(Integration, 'calendar', (t) =>
  t.field({
    type: CalendarSettings,
    nullable: true,
    description: 'The settings of an outside calendar. Null for other services.',
    resolve: (integration) => (integration.provider === 'CALCOM' ? calcomSettingsOf(integration) : null),
  }),
)

const CalendarConflict = builder.objectRef<CalendarConflictRecord>('CalendarConflict').implement({
  description: 'An outside calendar and this gateway disagree, and somebody has to decide.',
  fields: (t) => ({
    kind: t.expose('kind', { type: ConflictKind, description: 'How they disagree.' }),
    integration: t.field({
      type: Integration,
      description: 'Which calendar.',
      resolve: async ({ integrationId }, _args, ctx) => {
        const found = (await ctx.read((tx) => loadIntegrations(tx, [integrationId]))).get(integrationId)
        if (!found) throw new Error('The integration of a conflict is missing.')
        return found
      },
    }),
    appointment: t.field({
      type: Appointment,
      nullable: true,
      description: 'The appointment of ours. Null: it is about a time that is held.',
      resolve: ({ appointmentId }, _args, ctx) =>
        appointmentId === null ? null : ctx.moment().appointments.load(appointmentId),
    }),
    externalId: t.exposeString('externalId', { nullable: true, description: 'The booking there, if it is about one.' }),
    startsAt: t.expose('startsAt', { type: 'DateTime', description: 'The start that it is about.' }),
    endsAt: t.expose('endsAt', { type: 'DateTime', description: 'The end that it is about.' }),
    message: t.exposeString('message', { description: 'A sentence for people, in English, or what was answered.' }),
    suggestedStarts: t.expose('suggestedStarts', {
      type: ['DateTime'],
      description: 'Other starts that were open when it was found, best first. Nothing is moved by itself.',
    }),
    detectedAt: t.expose('detectedAt', { type: 'DateTime', description: 'When it was found.' }),
    resolvedAt: t.expose('resolvedAt', { type: 'DateTime', nullable: true, description: 'When it was over.' }),
  }),
})

builder.queryField('calendarConflicts', (t) =>
  t.field({
    type: [CalendarConflict],
    description: 'Where outside calendars disagree, newest first. Empty to publishable keys and manage tokens.',
    authScopes: { signedIn: true },
    ...costs({ field: 20, rows: 50, rowsFrom: [['first']] }),
    args: {
      openOnly: t.arg.boolean({ defaultValue: true, description: 'Only those that are not resolved.' }),
      first: t.arg.int({ defaultValue: 50, description: 'How many, 1 to 200.' }),
    },
    resolve: (_root, { openOnly, first }, ctx) => {
      if (!seesEveryone(ctx)) return []
      const bounded = Math.min(Math.max(first ?? 50, 1), 200)
      return ctx.read((tx) => listConflicts(tx, { openOnly: openOnly ?? true, first: bounded }))
    },
  }),
)

const TeamMember = builder.objectRef<TeamSyncReport['members'][number]>('TeamSyncMember').implement({
  description: 'A member of the team.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'The name there.' }),
    action: t.expose('action', { type: TeamSyncAction, description: 'What was done, or would be.' }),
    resource: t.field({
      type: Resource,
      nullable: true,
      description: 'Who it is here. Null in a preview for somebody new.',
      resolve: ({ resourceId }) => (resourceId === null ? null : { id: resourceId }),
    }),
  }),
})

const TeamService = builder.objectRef<TeamSyncReport['services'][number]>('TeamSyncService').implement({
  description: 'An event type of the team.',
  fields: (t) => ({
    title: t.exposeString('title', { description: 'The title there.' }),
    eventTypeId: t.exposeInt('eventTypeId', { description: 'Its id there.' }),
    action: t.expose('action', { type: TeamSyncAction, description: 'What was done, or would be.' }),
    service: t.field({
      type: Service,
      nullable: true,
      description: 'What it is here. Null in a preview for something new, and if nobody offers it.',
      resolve: ({ serviceId }) => (serviceId === null ? null : { id: serviceId }),
    }),
  }),
})

const TeamSync = builder.objectRef<TeamSyncReport>('TeamSync').implement({
  description: 'What was taken over of a team, or would be.',
  fields: (t) => ({
    dryRun: t.exposeBoolean('dryRun', { description: 'True: a preview; nothing was changed.' }),
    members: t.expose('members', { type: [TeamMember], description: 'Everybody in the team.' }),
    services: t.expose('services', { type: [TeamService], description: 'Everything that the team offers.' }),
  }),
})

const Reconciliation = builder.objectRef<ReconciliationReport>('Reconciliation').implement({
  description: 'What a comparison with an outside calendar found.',
  fields: (t) => ({
    read: t.exposeInt('read', { description: 'How many bookings were read there.' }),
    applied: t.exposeInt('applied', { description: 'How many of them were missing or different here.' }),
    failed: t.exposeInt('failed', { description: 'How many could not be understood; they are kept to be replayed.' }),
    missingThere: t.exposeInt('missingThere', { description: 'How many of ours had vanished there.' }),
    requested: t.exposeInt('requested', { description: 'How many of ours the calendar now has to follow.' }),
    overlapsFound: t.exposeInt('overlapsFound', { description: 'New overlaps; see calendarConflicts.' }),
    overlapsResolved: t.exposeInt('overlapsResolved', { description: 'Overlaps that are over.' }),
  }),
})

const ReplayFailure = builder.objectRef<ReplayReport['failures'][number]>('ReplayFailure').implement({
  description: 'A delivery that failed again.',
  fields: (t) => ({
    key: t.exposeString('key', { description: 'Its name in the inbox.' }),
    reason: t.exposeString('reason', { description: 'Why it cannot be applied.' }),
  }),
})

const Replay = builder.objectRef<ReplayReport>('Replay').implement({
  description: 'What became of the deliveries that had failed.',
  fields: (t) => ({
    replayed: t.exposeInt('replayed', { description: 'How many were tried again, at most 1000 at a time.' }),
    applied: t.exposeInt('applied', { description: 'How many need no further attempt.' }),
    failures: t.expose('failures', { type: [ReplayFailure], description: 'Those that failed again.' }),
  }),
})

const EventTypeMappingInput = builder.inputType('EventTypeMappingInput', {
  description: 'What stands for a service over there.',
  fields: (t) => ({
    eventTypeId: t.int({ required: true, description: "Its id there; of a managed event type the child's." }),
    serviceId: t.id({ required: true, description: 'A service of the location.' }),
    resourceId: t.id({ description: 'It is for this resource alone. Omitted: for whoever hosts it.' }),
  }),
})

const HostMappingInput = builder.inputType('HostMappingInput', {
  description: 'Who over there is who here.',
  fields: (t) => ({
    host: t.string({ required: true, description: 'The id, e-mail address or user name there.' }),
    resourceId: t.id({ required: true, description: 'A resource of the location.' }),
  }),
})

const CalcomVersionsInput = builder.inputType('CalcomVersionsInput', {
  description: 'The versions of the API, where others are wanted than the usual ones.',
  fields: (t) => ({
    bookings: t.string({ description: `Usually ${CALCOM_DEFAULTS.versions.bookings}.` }),
    eventTypes: t.string({ description: `Usually ${CALCOM_DEFAULTS.versions.eventTypes}.` }),
    teams: t.string({ description: `Usually ${CALCOM_DEFAULTS.versions.teams}.` }),
  }),
})

const ConnectCalcomInput = builder.inputType('ConnectCalcomInput', {
  description: 'A Cal.com account for a location. Connecting again replaces all of it; the address stays.',
  fields: (t) => ({
    locationId: t.id({ required: true, description: 'The location that it serves.' }),
    apiKey: t.string({ required: true, description: 'An API key of Cal.com. It is never shown again.' }),
    webhookSecret: t.string({
      required: true,
      description:
        'The secret of the webhook subscription there, 16 characters at least. Without one nothing can be believed. It is never shown again.',
    }),
    baseUrl: t.string({ description: `Where the API is. Omitted: ${CALCOM_DEFAULTS.baseUrl}.` }),
    versions: t.field({ type: CalcomVersionsInput, description: 'Versions of the API. Omitted: the usual ones.' }),
    teamId: t.int({ description: 'The team there, for syncTeam.' }),
    eventTypes: t.field({
      type: [EventTypeMappingInput],
      defaultValue: [],
      description: 'What stands for which service, at most 1000. Other services are not shown there.',
    }),
    hosts: t.field({ type: [HostMappingInput], defaultValue: [], description: 'Who is who, at most 1000.' }),
    fallbackEmail: t.string({
      description: 'Given for guests without an address and a number: the calendar wants one of them.',
    }),
  }),
})

const SyncTeamInput = builder.inputType('SyncTeamInput', {
  description: 'Which team to take over.',
  fields: (t) => ({
    integrationId: t.id({ required: true, description: 'A connected Cal.com account.' }),
    dryRun: t.boolean({ defaultValue: false, description: 'True: a preview; nothing is changed.' }),
  }),
})

const outcomes = [InvalidInputError, NotFoundError, BusyError]

builder.mutationFields((t) => ({
  connectCalcom: t.field({
    type: Integration,
    description:
      'Connects a Cal.com account to a location: it follows our appointments from now on, and what is booked there takes the time here. Secret keys only.',
    authScopes: { secret: true },
    errors: {
      types: outcomes,
      union: { name: 'ConnectCalcomResult', description: 'The integration, or why there is none.' },
    },
    args: { input: t.arg({ type: ConnectCalcomInput, required: true, description: 'What to connect.' }) },
    resolve: (_root, { input }, ctx) => {
      const connection = {
        locationId: requireId('location', input.locationId),
        apiKey: input.apiKey,
        webhookSecret: input.webhookSecret,
        baseUrl: input.baseUrl ?? null,
        versions: input.versions ?? {},
        teamId: input.teamId ?? null,
        fallbackEmail: input.fallbackEmail ?? null,
        eventTypes: (input.eventTypes ?? []).map(({ eventTypeId, serviceId, resourceId }) => ({
          eventTypeId,
          serviceId: idOrNobody('service', serviceId),
          resourceId: resourceId == null ? null : idOrNobody('resource', resourceId),
        })),
        hosts: (input.hosts ?? []).map(({ host, resourceId }) => ({
          host,
          resourceId: idOrNobody('resource', resourceId),
        })),
      }
      return write(ctx, (tx) => connectCalcom(tx, connection))
    },
  }),
  syncTeam: t.field({
    type: TeamSync,
    description:
      'Takes the members of the team and what they offer over into resources and services: all or nothing. Nobody is removed. New resources have no hours yet. Secret keys only.',
    authScopes: { secret: true },
    errors: { types: outcomes, union: { name: 'SyncTeamResult', description: 'What was taken over, or why nothing.' } },
    args: { input: t.arg({ type: SyncTeamInput, required: true, description: 'Which team.' }) },
    resolve: (_root, { input }, ctx) =>
      ask(ctx, input.integrationId, (calendars, which) =>
        calendars.syncTeam({ ...which, dryRun: input.dryRun ?? false }),
      ),
  }),
  reconcileCalendar: t.field({
    type: Reconciliation,
    description: 'Compares with the outside calendar now; it happens by itself every few minutes. Secret keys only.',
    authScopes: { secret: true },
    errors: {
      types: outcomes,
      union: { name: 'ReconcileCalendarResult', description: 'What was found, or why nothing was compared.' },
    },
    args: { integrationId: t.arg.id({ required: true, description: 'A connected calendar.' }) },
    resolve: (_root, { integrationId }, ctx) =>
      ask(ctx, integrationId, (calendars, which) => calendars.reconcile(which)),
  }),
  replayFailedDeliveries: t.field({
    type: Replay,
    description: 'Applies once more what the calendar told and could not be applied. Secret keys only.',
    authScopes: { secret: true },
    errors: {
      types: outcomes,
      union: { name: 'ReplayFailedDeliveriesResult', description: 'What became of them, or why none was tried.' },
    },
    args: { integrationId: t.arg.id({ required: true, description: 'A connected calendar.' }) },
    resolve: (_root, { integrationId }, ctx) => ask(ctx, integrationId, (calendars, which) => calendars.replay(which)),
  }),
  retryExternalBooking: t.field({
    type: Appointment,
    description:
      'Asks the outside calendar once more for an appointment, whatever it answered last; `externalBookings` tells what comes of it. Secret keys only.',
    authScopes: { secret: true },
    errors: {
      types: outcomes,
      union: { name: 'RetryExternalBookingResult', description: 'The appointment, or why nothing was asked.' },
    },
    args: {
      appointmentId: t.arg.id({ required: true, description: 'The appointment.' }),
      provider: t.arg.string({ required: true, description: 'Which calendar, e.g. `calcom`.' }),
    },
    resolve: async (_root, args, ctx) => {
      const appointmentId = requireId('appointment', args.appointmentId)
      await write(ctx, (tx) => retryExternalBooking(tx, { appointmentId, provider: args.provider }))
      const appointment = await ctx.moment().appointments.load(appointmentId)
      if (!appointment) throw new NotFoundError('appointment')
      return appointment
    },
  }),
}))

function ask<T>(
  ctx: Context,
  integrationId: string,
  work: (calendars: Calendars, which: { organizationId: string; integrationId: string }) => Promise<T>,
): Promise<T> {
  const which = { organizationId: callerOf(ctx).organizationId, integrationId: requireId('integration', integrationId) }
  const { calendars } = ctx
  if (!calendars) throw new Error('This process reaches no calendars.')
  return change(ctx, () => work(calendars, which))
}

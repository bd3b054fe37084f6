// A connected Cal.com account as its room sees it, and what of it stands for what of ours.
import { type CalcomSettings, calcomSettingsOf } from '../../domain/outside/calendars/calendars.ts'
import type { IntegrationWithSecrets } from '../../domain/outside/integrations.ts'
import type { Caller } from '../../domain/people/callers.ts'

export interface CalcomIntegration {
  id: string
  organizationId: string
  locationId: string
  timeZone: string
  country: string
  version: number
  apiKey: string
  webhookSecret: string
  settings: CalcomSettings
}

export function calcomIntegration(integration: IntegrationWithSecrets): CalcomIntegration {
  const { id, organizationId, locationId, timeZone, country, version, secrets } = integration
  return {
    ...{ id, organizationId, locationId, timeZone, country, version },
    apiKey: String(secrets.apiKey ?? ''),
    webhookSecret: String(secrets.webhookSecret ?? ''),
    settings: calcomSettingsOf(integration),
  }
}

/** Acts for what was done over there. Its changes do not go back to where they came from. */
export function calendarCaller({ id, organizationId }: Pick<CalcomIntegration, 'id' | 'organizationId'>): Caller {
  return {
    organizationId,
    kind: 'SECRET',
    id: `integration:${id}`,
    appointmentId: null,
    actor: 'cal.com',
    origin: 'CALENDAR',
  }
}

/** The event type for a service by these resources: one of its own for a resource goes first. Null: it is not shown there. */
export function eventTypeFor(
  { eventTypes }: CalcomSettings,
  { serviceId, resourceIds }: { serviceId: string; resourceIds: string[] },
): number | null {
  const ofService = eventTypes.filter((entry) => entry.serviceId === serviceId)
  const own = ofService.find(({ resourceId }) => resourceId !== null && resourceIds.includes(resourceId))
  return (own ?? ofService.find(({ resourceId }) => resourceId === null))?.eventTypeId ?? null
}

/** What a booking over there stands for here. The event type's own resource goes before the hosts. */
export function mappingOf(
  { eventTypes, hosts }: CalcomSettings,
  booking: { eventTypeId: number | null; hosts: string[] },
): { serviceId: string | null; resourceIds: string[] } {
  const eventType = eventTypes.find((entry) => entry.eventTypeId === booking.eventTypeId)
  const byHost = hosts.filter(({ host }) => booking.hosts.includes(host)).map(({ resourceId }) => resourceId)
  const resourceIds = eventType?.resourceId != null ? [eventType.resourceId] : byHost
  return { serviceId: eventType?.serviceId ?? null, resourceIds: [...new Set(resourceIds)] }
}

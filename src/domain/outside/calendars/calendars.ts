// Calendars: how an organization has set its Cal.com account, and how it connects it.
import type { Tx } from '../../../db/transaction.ts'
import { loadResources } from '../../catalogue/resources.ts'
import { loadServiceRecords } from '../../catalogue/services.ts'
import { readEmail, refuseIssues } from '../../vocabulary/input-issues.ts'
import type { InputIssue } from '../../vocabulary/refusals.ts'
import { connectIntegration, type IntegrationRecord } from '../integrations.ts'

/** What stands for a service over there; with a resource, for that service by that resource alone. */
export interface EventTypeMapping {
  eventTypeId: number
  serviceId: string
  resourceId: string | null
}

/** `host` is the id, the e-mail address or the user name of a member over there, in lower case. */
export interface HostMapping {
  host: string
  resourceId: string
}

export interface CalcomVersions {
  bookings: string
  eventTypes: string
  teams: string
}

export interface CalcomSettings {
  baseUrl: string
  /** Left out, an older version with other shapes would be chosen for us. */
  versions: CalcomVersions
  teamId: number | null
  eventTypes: EventTypeMapping[]
  hosts: HostMapping[]
  /** Of `eventTypes`: read by the statements that write appointments. */
  serviceIds: string[]
  /** Given for guests without an address and a number: Cal.com wants one. */
  fallbackEmail: string | null
}

export const CALCOM_DEFAULTS = {
  baseUrl: 'https://api.cal.com',
  versions: { bookings: '2024-08-13', eventTypes: '2024-06-14', teams: '2024-06-14' },
}

export interface CalcomConnection {
  locationId: string
  apiKey: string
  /** Of the webhook subscription over there. */
  webhookSecret: string
  baseUrl: string | null
  versions: { [K in keyof CalcomVersions]?: string | null }
  teamId: number | null
  eventTypes: EventTypeMapping[]
  hosts: HostMapping[]
  fallbackEmail: string | null
}

const ENTRY_LIMIT = 1000
const NO_SECRET = 'no-secret-provided'

/** Connecting again replaces everything, the keys included; the address stays. Throws InvalidInputError, NotFoundError. */
export async function connectCalcom(tx: Tx, input: CalcomConnection): Promise<IntegrationRecord> {
  const issues: InputIssue[] = []
  const apiKey = input.apiKey.trim()
  const webhookSecret = input.webhookSecret.trim()
  if (!/^[\x21-\x7e]{8,500}$/.test(apiKey)) issues.push({ path: ['apiKey'], message: 'Give an API key of Cal.com.' })
  if (webhookSecret.length < 16 || webhookSecret.length > 500 || webhookSecret === NO_SECRET) {
    const message =
      'Give the secret of the webhook subscription, 16 characters at least. Without one nothing is genuine.'
    issues.push({ path: ['webhookSecret'], message })
  }
  const fallbackEmail = readEmail(issues, ['fallbackEmail'], input.fallbackEmail)
  const settings: CalcomSettings = {
    baseUrl: readBaseUrl(issues, input.baseUrl),
    versions: readVersions(issues, input.versions),
    teamId: input.teamId,
    eventTypes: input.eventTypes,
    hosts: input.hosts.map(({ host, resourceId }) => ({ host: host.trim().toLowerCase(), resourceId })),
    serviceIds: [...new Set(input.eventTypes.map(({ serviceId }) => serviceId))],
    fallbackEmail,
  }
  await checkMappings(tx, issues, input.locationId, settings)
  refuseIssues(issues)
  return connectIntegration(tx, {
    provider: 'CALCOM',
    locationId: input.locationId,
    settings: { ...settings },
    secrets: { apiKey, webhookSecret },
  })
}

export function calcomSettingsOf({ settings }: Pick<IntegrationRecord, 'settings'>): CalcomSettings {
  const stored = settings as Partial<CalcomSettings>
  return {
    baseUrl: stored.baseUrl ?? CALCOM_DEFAULTS.baseUrl,
    versions: { ...CALCOM_DEFAULTS.versions, ...stored.versions },
    teamId: stored.teamId ?? null,
    eventTypes: stored.eventTypes ?? [],
    hosts: stored.hosts ?? [],
    serviceIds: stored.serviceIds ?? [],
    fallbackEmail: stored.fallbackEmail ?? null,
  }
}

async function checkMappings(tx: Tx, issues: InputIssue[], locationId: string, settings: CalcomSettings) {
  const { eventTypes, hosts } = settings
  if (eventTypes.length > ENTRY_LIMIT) issues.push({ path: ['eventTypes'], message: `At most ${ENTRY_LIMIT}.` })
  if (hosts.length > ENTRY_LIMIT) issues.push({ path: ['hosts'], message: `At most ${ENTRY_LIMIT}.` })
  const [services, resources] = await Promise.all([
    loadServiceRecords(tx, settings.serviceIds),
    loadResources(tx, [...new Set([...eventTypes, ...hosts].flatMap(({ resourceId }) => resourceId ?? []))]),
  ])
  const isHere = (resourceId: string | null) =>
    resourceId === null || resources.get(resourceId)?.locationId === locationId
  const known = new Set<number>()
  for (const [index, { eventTypeId, serviceId, resourceId }] of eventTypes.entries()) {
    const path = ['eventTypes', String(index)]
    if (!Number.isSafeInteger(eventTypeId) || eventTypeId < 1) {
      issues.push({ path: [...path, 'eventTypeId'], message: 'A whole number from 1.' })
    }
    if (known.has(eventTypeId)) issues.push({ path: [...path, 'eventTypeId'], message: 'It is in the list already.' })
    known.add(eventTypeId)
    if (services.get(serviceId)?.locationId !== locationId) {
      issues.push({ path: [...path, 'serviceId'], message: 'The location offers no such service.' })
    }
    if (!isHere(resourceId)) issues.push({ path: [...path, 'resourceId'], message: NOT_HERE })
  }
  for (const [index, { host, resourceId }] of hosts.entries()) {
    const path = ['hosts', String(index)]
    if (host === '' || host.length > 320) issues.push({ path: [...path, 'host'], message: '1 to 320 characters.' })
    if (!isHere(resourceId)) issues.push({ path: [...path, 'resourceId'], message: NOT_HERE })
  }
}

const NOT_HERE = 'The location has no such resource.'

function readBaseUrl(issues: InputIssue[], text: string | null): string {
  if (text === null) return CALCOM_DEFAULTS.baseUrl
  const url = URL.parse(text.trim())
  if (
    url &&
    ['https:', 'http:'].includes(url.protocol) &&
    url.username === '' &&
    url.search === '' &&
    url.hash === ''
  ) {
    return url.href.replace(/\/+$/, '').replace(/\/v2$/, '')
  }
  issues.push({ path: ['baseUrl'], message: 'An address like https://api.cal.com.' })
  return CALCOM_DEFAULTS.baseUrl
}

function readVersions(issues: InputIssue[], given: CalcomConnection['versions']): CalcomVersions {
  const versions = { ...CALCOM_DEFAULTS.versions }
  for (const name of ['bookings', 'eventTypes', 'teams'] as const) {
    const version = given[name]
    if (version == null) continue
    if (/^\d{4}-\d{2}-\d{2}$/.test(version)) versions[name] = version
    else issues.push({ path: ['versions', name], message: 'A date like 2024-08-13.' })
  }
  return versions
}

/** What can be asked of a connected calendar; the rooms of the outside fulfil it. Nothing of it runs in a transaction. */
export interface Calendars {
  reconcile(input: { organizationId: string; integrationId: string }): Promise<ReconciliationReport>
  /** Applies what failed before. */
  replay(input: { organizationId: string; integrationId: string }): Promise<ReplayReport>
  syncTeam(input: { organizationId: string; integrationId: string; dryRun: boolean }): Promise<TeamSyncReport>
}

export interface ReconciliationReport {
  read: number
  /** What was missing or different here. */
  applied: number
  failed: number
  missingThere: number
  /** Appointments that the calendar has to follow. */
  requested: number
  overlapsFound: number
  overlapsResolved: number
}

export interface ReplayReport {
  replayed: number
  applied: number
  failures: { key: string; reason: string }[]
}

export interface TeamSyncReport {
  dryRun: boolean
  members: { name: string; action: TeamSyncAction; resourceId: string | null }[]
  services: { title: string; eventTypeId: number; action: TeamSyncAction; serviceId: string | null }[]
}

/** KEPT: it stood for it before. LINKED: what was here stands for it now. CREATED. SKIPPED: nobody offers it. */
export type TeamSyncAction = 'KEPT' | 'LINKED' | 'CREATED' | 'SKIPPED'

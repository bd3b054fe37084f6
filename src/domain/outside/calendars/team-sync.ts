// Takes the members of an outside team and what they offer into resources and services: all or nothing.
import type { Database } from '../../../db/client.ts'
import { namedLock } from '../../../db/locks.ts'
import { inTransaction, type Tx } from '../../../db/transaction.ts'
import { createResource, listResources } from '../../catalogue/resources.ts'
import { createService, listServices, type ServiceRecord, updateService } from '../../catalogue/services.ts'
import { OutdatedAttempt } from '../../vocabulary/outdated-attempt.ts'
import { NotFoundError } from '../../vocabulary/refusals.ts'
import { loadIntegrations } from '../integrations.ts'
import { type CalcomSettings, calcomSettingsOf, type TeamSyncReport } from './calendars.ts'

export interface OutsideTeam {
  members: { id: string; name: string; email: string | null }[]
  eventTypes: { id: number; title: string; durationMinutes: number; hostIds: string[] }[]
}

/** For new services; the organization changes them as it likes. */
const NEW_SERVICE = { slotIntervalMinutes: 15, minimumNoticeMinutes: 0, bookingHorizonDays: 60 }

class Preview extends Error {}

/**
 * A preview does everything and takes it back, so that it is refused where the real one would be. Nobody is removed: whoever left
 * the team keeps their appointments. New people have no hours yet and are offered to nobody until they get some. Throws OutdatedAttempt when the account was connected anew since `version`, of which the team was read.
 */
export async function syncTeam(
  db: Database,
  input: { organizationId: string; integrationId: string; version: number; team: OutsideTeam; dryRun: boolean },
): Promise<TeamSyncReport> {
  const { organizationId, integrationId, version, team, dryRun } = input
  let report: TeamSyncReport | undefined
  const work = inTransaction(
    db,
    organizationId,
    async (tx) => {
      report = await applyTeam(tx, { integrationId, version, team })
      if (dryRun) throw new Preview()
      return report
    },
    { locks: [namedLock('team', integrationId)] },
  )
  try {
    return await work
  } catch (error) {
    if (!(error instanceof Preview) || !report) throw error
    const members = report.members.map((member) =>
      member.action === 'CREATED' ? { ...member, resourceId: null } : member,
    )
    const services = report.services.map((each) => (each.action === 'CREATED' ? { ...each, serviceId: null } : each))
    return { dryRun: true, members, services }
  }
}

async function applyTeam(
  tx: Tx,
  { integrationId, version, team }: { integrationId: string; version: number; team: OutsideTeam },
): Promise<TeamSyncReport> {
  // Sent before the read: whoever connects the account meanwhile is waited for, or waits.
  const [, integrations] = await Promise.all([
    tx.sql`
      select from integrations where organization_id = ${tx.organizationId} and id = ${integrationId} for update`.execute(),
    loadIntegrations(tx, [integrationId]),
  ])
  const integration = integrations.get(integrationId)
  if (!integration) throw new NotFoundError('integration')
  if (integration.version !== version) throw new OutdatedAttempt()
  const { locationId } = integration
  const settings = calcomSettingsOf(integration)
  const report: TeamSyncReport = { dryRun: false, members: [], services: [] }
  const resourceOf = await takeMembers(tx, { locationId, settings, team, report })
  await takeEventTypes(tx, { locationId, settings, team, report, resourceOf })
  settings.serviceIds = [...new Set(settings.eventTypes.map(({ serviceId }) => serviceId))]
  await tx.sql`
    update integrations set settings = ${JSON.stringify(settings)}::jsonb, version = version + 1, updated_at = now()
    where organization_id = ${tx.organizationId} and id = ${integrationId}`
  return report
}

interface Taking {
  locationId: string
  /** Changed here. */
  settings: CalcomSettings
  team: OutsideTeam
  report: TeamSyncReport
}

async function takeMembers(tx: Tx, { locationId, settings, team, report }: Taking): Promise<Map<string, string>> {
  const people = await listResources(tx, { locationId, kind: 'STAFF' })
  const resourceOf = new Map<string, string>()
  for (const { id, name, email } of team.members) {
    const names = [id, email].filter((each) => each !== null && each !== '') as string[]
    const known = settings.hosts.find(({ host }) => names.includes(host))
    const taken = new Set([...resourceOf.values(), ...settings.hosts.map(({ resourceId }) => resourceId)])
    const alike = people.find(
      (person) => !taken.has(person.id) && person.name.toLowerCase() === name.trim().toLowerCase(),
    )
    const resourceId =
      known?.resourceId ??
      alike?.id ??
      (await createResource(tx, { locationId, kind: 'STAFF', name, weeklyHours: [] })).id
    for (const host of names) {
      if (!settings.hosts.some((entry) => entry.host === host)) settings.hosts.push({ host, resourceId })
    }
    resourceOf.set(id, resourceId)
    report.members.push({ name, action: known ? 'KEPT' : alike ? 'LINKED' : 'CREATED', resourceId })
  }
  return resourceOf
}

async function takeEventTypes(tx: Tx, taking: Taking & { resourceOf: Map<string, string> }): Promise<void> {
  const { locationId, settings, team, report, resourceOf } = taking
  const services = new Map((await listServices(tx, { locationId })).map((service) => [service.id, service]))
  for (const { id, title, durationMinutes, hostIds } of team.eventTypes) {
    const resourceIds = hostIds.flatMap((host) => resourceOf.get(host) ?? [])
    const known = settings.eventTypes.find(({ eventTypeId }) => eventTypeId === id)
    if (resourceIds.length === 0) {
      report.services.push({ title, eventTypeId: id, action: 'SKIPPED', serviceId: known?.serviceId ?? null })
      continue
    }
    const alike = [...services.values()].find(
      (service) =>
        service.name.toLowerCase() === title.trim().toLowerCase() && service.durationMinutes === durationMinutes,
    )
    const present = known ? services.get(known.serviceId) : alike
    const service = present
      ? await addCandidates(tx, present, resourceIds)
      : await createService(tx, {
          ...NEW_SERVICE,
          locationId,
          name: title,
          segments: [
            {
              name: title,
              durationMinutes,
              bufferBeforeMinutes: 0,
              bufferAfterMinutes: 0,
              resourceGroups: [{ kind: 'STAFF', candidateIds: resourceIds }],
              sameStaffAsPrevious: false,
            },
          ],
        })
    services.set(service.id, service)
    if (!known) {
      // One host: an event type of that person's own. Several: whoever of them it is booked with.
      const resourceId = resourceIds.length === 1 ? (resourceIds[0] as string) : null
      settings.eventTypes.push({ eventTypeId: id, serviceId: service.id, resourceId })
    }
    const action = known ? 'KEPT' : present ? 'LINKED' : 'CREATED'
    report.services.push({ title, eventTypeId: id, action, serviceId: service.id })
  }
}

async function addCandidates(tx: Tx, service: ServiceRecord, resourceIds: string[]): Promise<ServiceRecord> {
  const position = service.segments.findIndex(({ resourceGroups }) =>
    resourceGroups.some(({ kind }) => kind === 'STAFF'),
  )
  const group = service.segments[position]?.resourceGroups.find(({ kind }) => kind === 'STAFF')
  const missing = resourceIds.filter((id) => !group?.candidateIds.includes(id))
  if (!group || missing.length === 0) return service
  const segments = service.segments.map((segment, index) => {
    if (index !== position) return segment
    const widened = { ...group, candidateIds: [...group.candidateIds, ...missing] }
    return { ...segment, resourceGroups: segment.resourceGroups.map((each) => (each === group ? widened : each)) }
  })
  return updateService(tx, { serviceId: service.id, expectedVersion: service.version, segments })
}

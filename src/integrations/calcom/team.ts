// Reads the members of a Cal.com team and what they offer.
import type { OutsideTeam } from '../../domain/outside/calendars/team-sync.ts'
import { isObject, textOf } from '../webhooks/payloads.ts'
import type { Refusal } from './answers.ts'
import type { CalcomClient } from './client.ts'
import { readWhole } from './remote-bookings.ts'
import type { CalcomIntegration } from './settings.ts'

/** Without a team: the account's owner and their own event types. What has no usable form is left out by nobody: it fails the whole. */
export async function readTeam(client: CalcomClient, { settings }: CalcomIntegration): Promise<OutsideTeam | Refusal> {
  const { teamId, versions } = settings
  const path = teamId === null ? '' : `/teams/${teamId}`
  const people = await client.read(teamId === null ? '/me' : `${path}/memberships`, versions.teams)
  if (people.kind !== 'DONE') return people
  const types = await client.read(`${path}/event-types`, versions.eventTypes)
  if (types.kind !== 'DONE') return types
  const members = (Array.isArray(people.data) ? people.data : [people.data]).map(readMember)
  const ownerId = teamId === null ? members[0]?.id : undefined
  const eventTypes = (Array.isArray(types.data) ? types.data : []).flatMap((data) => readEventType(data, ownerId) ?? [])
  return { members, eventTypes }
}

function readMember(data: unknown): OutsideTeam['members'][number] {
  const user = isObject(data) && isObject(data.user) ? data.user : data
  const id = isObject(data) ? readWhole(data.userId ?? (isObject(user) ? user.id : undefined)) : null
  const email = isObject(user) ? textOf(user.email) : null
  const username = isObject(user) ? textOf(user.username) : null
  const name = isObject(user) ? textOf(user.name) : null
  return { id: String(id ?? ''), name: name ?? username ?? email ?? '', email: email?.toLowerCase() ?? null }
}

// A managed parent can neither be asked nor booked: its children stand for it, one for each host.
function readEventType(data: unknown, ownerId: string | undefined): OutsideTeam['eventTypes'][number] | null {
  if (!isObject(data) || data.schedulingType === 'MANAGED' || data.schedulingType === 'managed') return null
  const hosts = Array.isArray(data.hosts) ? data.hosts.filter(isObject) : []
  const ids = hosts.flatMap(({ userId, id }) => readWhole(userId ?? id) ?? []).map(String)
  return {
    id: readWhole(data.id) ?? 0,
    title: textOf(data.title) ?? '',
    durationMinutes: readWhole(data.lengthInMinutes ?? data.length) ?? 0,
    hostIds: ids.length === 0 && ownerId !== undefined ? [ownerId] : ids,
  }
}

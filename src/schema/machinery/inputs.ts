// Reading inputs: public ids into bare ones, and the bounds that the schema's types cannot express.
import { refuseIssues } from '../../domain/vocabulary/input-issues.ts'
import { type InputIssue, NotFoundError } from '../../domain/vocabulary/refusals.ts'
import { decodeId, type IdType } from './ids.ts'

/** The bare id, or NotFoundError: a malformed id and one of another type name nothing. */
export function requireId(type: IdType, id: string): string {
  const uuid = decodeId(type, id)
  if (uuid === null) throw new NotFoundError(type.replace('_', ' '))
  return uuid
}

export function optionalId(type: IdType, id: string | null | undefined): string | null {
  return id == null ? null : requireId(type, id)
}

/** Null entries stay: the server picks. */
export function requireIds(type: IdType, ids: readonly string[] | null | undefined): string[] | null {
  return ids?.map((id) => requireId(type, id)) ?? null
}

const NOBODY = '00000000-0000-0000-0000-000000000000'

/** For domain functions that name every unknown id with its path: a malformed one is unknown to them too. */
export function idOrNobody(type: IdType, id: string): string {
  return decodeId(type, id) ?? NOBODY
}

export interface SlotInputShape {
  serviceId: string
  startsAt: number
  resourceIds?: readonly (string | null | undefined)[] | null
}

export function readSlot({ serviceId, startsAt, resourceIds }: SlotInputShape) {
  return {
    serviceId: requireId('service', serviceId),
    startsAt,
    resourceIds: readWishedResources(resourceIds),
  }
}

/** One for each group of the segments, in their order. */
export function readWishedResources(ids: SlotInputShape['resourceIds']): (string | null)[] {
  return ids?.map((id) => optionalId('resource', id)) ?? []
}

const KEY_LIMIT = 255
const RESOURCES_LIMIT = 200

interface BoundedInput {
  idempotencyKey?: string | null
  sessionKey?: string | null
  reason?: string | null
  resourceIds?: readonly unknown[] | null
  slot?: SlotInputShape | null
}

/** Bounds of the fields that several mutations share; every fault is named. */
export function checkBounds(input: BoundedInput, issues: InputIssue[] = []): void {
  checkKey(issues, ['idempotencyKey'], input.idempotencyKey)
  checkKey(issues, ['sessionKey'], input.sessionKey)
  if ((input.reason?.length ?? 0) > 2000) issues.push({ path: ['reason'], message: 'At most 2000 characters.' })
  checkResources(issues, ['resourceIds'], input.resourceIds)
  checkResources(issues, ['slot', 'resourceIds'], input.slot?.resourceIds)
  refuseIssues(issues)
}

function checkKey(issues: InputIssue[], path: string[], key: string | null | undefined): void {
  if (key == null) return
  if (key.length < 1 || key.length > KEY_LIMIT) issues.push({ path, message: `1 to ${KEY_LIMIT} characters.` })
  // PostgreSQL's text cannot hold it.
  else if (key.includes('\0')) issues.push({ path, message: 'The text contains a NUL character.' })
}

function checkResources(issues: InputIssue[], path: string[], ids: readonly unknown[] | null | undefined): void {
  if ((ids?.length ?? 0) > RESOURCES_LIMIT) issues.push({ path, message: `At most ${RESOURCES_LIMIT} resources.` })
}

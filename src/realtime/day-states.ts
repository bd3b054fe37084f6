// The states of the subject-days that someone watches, and who watches what: a change touches its views and no others.
import { DEFINITION_DAY } from '../db/changes.ts'
import type { BusyInterval, Claim } from '../domain/vocabulary/types.ts'

/** One resource on one UTC date. Holds every claim and busy interval that touches the date. */
export interface DayState<View> {
  version: number
  claims: Map<string, Claim>
  busy: BusyInterval[]
  views: Set<View>
}

/** A resource's schedule or a service's definition; the views keep the thing itself. */
interface DefinitionState<View> {
  version: number
  views: Set<View>
}

export interface DayStates<View> {
  day(organizationId: string, subjectId: string, day: string): DayState<View> | undefined
  definition(organizationId: string, subjectId: string): DefinitionState<View> | undefined
  /** Kept from now on, until its last view is gone. */
  watchDay(organizationId: string, subjectId: string, day: string, view: View): DayState<View>
  watchDefinition(organizationId: string, subjectId: string, view: View): DefinitionState<View>
  unwatchDay(organizationId: string, subjectId: string, day: string, view: View): void
  unwatchDefinition(organizationId: string, subjectId: string, view: View): void
  has(organizationId: string): boolean
  /** Those with anything watched. */
  organizationIds(): string[]
  dayCount(): number
}

interface OrganizationStates<View> {
  days: Map<string, DayState<View>>
  definitions: Map<string, DefinitionState<View>>
}

export function createDayStates<View>(): DayStates<View> {
  // By organization first: an id of somebody else's resource names nothing here.
  const organizations = new Map<string, OrganizationStates<View>>()

  const statesOf = (organizationId: string) => {
    const known = organizations.get(organizationId)
    if (known) return known
    const states: OrganizationStates<View> = { days: new Map(), definitions: new Map() }
    organizations.set(organizationId, states)
    return states
  }
  const forgetIfEmpty = (organizationId: string) => {
    const states = organizations.get(organizationId)
    if (states?.days.size === 0 && states.definitions.size === 0) organizations.delete(organizationId)
  }
  return {
    day: (organizationId, subjectId, day) => organizations.get(organizationId)?.days.get(dayKey(subjectId, day)),
    definition: (organizationId, subjectId) => organizations.get(organizationId)?.definitions.get(subjectId),
    watchDay(organizationId, subjectId, day, view) {
      const { days } = statesOf(organizationId)
      const key = dayKey(subjectId, day)
      const state = days.get(key) ?? { version: 0, claims: new Map(), busy: [], views: new Set() }
      days.set(key, state)
      state.views.add(view)
      return state
    },
    watchDefinition(organizationId, subjectId, view) {
      const { definitions } = statesOf(organizationId)
      const state = definitions.get(subjectId) ?? { version: 0, views: new Set() }
      definitions.set(subjectId, state)
      state.views.add(view)
      return state
    },
    unwatchDay(organizationId, subjectId, day, view) {
      const days = organizations.get(organizationId)?.days
      const state = days?.get(dayKey(subjectId, day))
      if (!state?.views.delete(view) || state.views.size > 0) return
      days?.delete(dayKey(subjectId, day))
      forgetIfEmpty(organizationId)
    },
    unwatchDefinition(organizationId, subjectId, view) {
      const definitions = organizations.get(organizationId)?.definitions
      const state = definitions?.get(subjectId)
      if (!state?.views.delete(view) || state.views.size > 0) return
      definitions?.delete(subjectId)
      forgetIfEmpty(organizationId)
    },
    has: (organizationId) => organizations.has(organizationId),
    organizationIds: () => [...organizations.keys()],
    dayCount: () => [...organizations.values()].reduce((sum, { days }) => sum + days.size, 0),
  }
}

export function isDefinition(day: string): boolean {
  return day === DEFINITION_DAY
}

function dayKey(subjectId: string, day: string): string {
  return `${subjectId} ${day}`
}

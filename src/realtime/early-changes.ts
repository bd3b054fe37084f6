// Applies a transaction that came over the bus before the log was read: the short way of a change.
import type { CommittedTransaction } from '../db/changes.ts'
import type { AvailabilityView } from './availability-views.ts'
import { isDefinition } from './day-states.ts'
import { type Snapshot, sees } from './snapshots.ts'
import { stepDay, type WatchedViews } from './watched-views.ts'

/** What became of it. 'behind': it cannot be applied alone; the log has to be read, and by now contains it. */
type EarlyOutcome = AvailabilityView[] | 'behind'

/**
 * All changes of the transaction together or none. It may come twice, late, or never: what is known is not applied again,
 * and what would leave a gap is left to the log.
 */
export function applyEarly(
  watched: WatchedViews,
  { organizationId, xid, changes }: CommittedTransaction,
  known: Snapshot,
): EarlyOutcome {
  const id = Number(xid)
  if (changes.length === 0 || !watched.states.has(organizationId)) return []
  if (sees(known, id) || watched.ahead.has(id)) return []
  const steps = []
  for (const { subjectId, day, version, delta } of changes) {
    if (isDefinition(day)) {
      const definition = watched.states.definition(organizationId, subjectId)
      if (definition && version > definition.version) return 'behind'
      continue
    }
    const state = watched.states.day(organizationId, subjectId, day)
    if (!state || version <= state.version) continue
    // Busy intervals and definitions have to be read: no delta carries them.
    if (version !== state.version + 1 || delta.busy || delta.redefined) return 'behind'
    steps.push({ state, version, delta })
  }
  watched.ahead.add(id)
  const touched = new Set<AvailabilityView>()
  for (const { state, version, delta } of steps) {
    for (const view of stepDay(state, version, delta)) touched.add(view)
  }
  for (const view of touched) {
    if (view.aheadOf !== known) {
      view.aheadOf = known
      view.ahead = []
    }
    view.ahead.push(id)
  }
  return [...touched]
}

// What a twin needs next, from the present state alone.
import type { Twin } from './twins.ts'

export type Step =
  | { kind: 'NONE' }
  /** A write was begun whose answer is not known. */
  | { kind: 'LOOK' }
  | { kind: 'CREATE'; startsAt: number; eventTypeId: number }
  | { kind: 'RESCHEDULE'; uid: string; startsAt: number }
  | { kind: 'CANCEL'; uid: string; startsAt: number }

/** `eventTypeId` is what stands for the appointment there; null: nothing does. */
export function nextStep(twin: Twin, eventTypeId: number | null): Step {
  const { appointment, externalId, externalStartsAt } = twin
  if (twin.unansweredSince !== null) return { kind: 'LOOK' }
  const shown =
    externalId !== null && externalStartsAt !== null ? { uid: externalId, startsAt: externalStartsAt } : null
  if (appointment.status === 'CANCELLED') return shown ? { kind: 'CANCEL', ...shown } : { kind: 'NONE' }
  // What has taken place is history there too.
  if (appointment.status !== 'CONFIRMED') return { kind: 'NONE' }
  const { startsAt } = appointment
  if (!shown) return eventTypeId === null ? { kind: 'NONE' } : { kind: 'CREATE', startsAt, eventTypeId }
  // A booking keeps its event type when it moves there: for another one it has to be made anew.
  const isOther = eventTypeId !== null && twin.externalEventTypeId !== null && eventTypeId !== twin.externalEventTypeId
  if (isOther) return { kind: 'CANCEL', ...shown }
  return shown.startsAt === startsAt ? { kind: 'NONE' } : { kind: 'RESCHEDULE', uid: shown.uid, startsAt }
}

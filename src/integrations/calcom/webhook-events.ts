// Reads what Cal.com's webhooks tell: all forms of the envelope and of the payload that were seen.
import { isObject, type JsonObject, textOf } from '../webhooks/payloads.ts'
import {
  appointmentIdOf,
  optionalInstant,
  type RemoteAttendee,
  readAttendee,
  readHosts,
  readInstant,
  readWhole,
  UnreadableBooking,
} from './remote-bookings.ts'
import type { RemoteChange } from './remote-changes.ts'

/** The triggers that change when somebody is taken, and what they make of the booking. */
const STATES: Record<string, RemoteChange['state']> = {
  BOOKING_CREATED: 'ACCEPTED',
  BOOKING_RESCHEDULED: 'ACCEPTED',
  BOOKING_REQUESTED: 'REQUESTED',
  BOOKING_CANCELLED: 'ENDED',
  BOOKING_REJECTED: 'ENDED',
}

/** The others that are known: acknowledged, and labels of the metrics. Ours are spelled with underscores; dots never come. */
const OTHERS = [
  ...[
    'PING',
    'BOOKING_PAID',
    'BOOKING_PAYMENT_INITIATED',
    'BOOKING_NO_SHOW_UPDATED',
    'MEETING_STARTED',
    'MEETING_ENDED',
  ],
  ...['RECORDING_READY', 'RECORDING_TRANSCRIPTION_GENERATED', 'INSTANT_MEETING', 'OOO_CREATED', 'FORM_SUBMITTED'],
  ...['FORM_SUBMITTED_NO_EVENT', 'AFTER_HOSTS_CAL_VIDEO_NO_SHOW', 'AFTER_GUESTS_CAL_VIDEO_NO_SHOW'],
  ...['DELEGATION_CREDENTIAL_ERROR', 'WRONG_ASSIGNMENT_REPORT'],
]

export interface WebhookEvent {
  /** Null: the subscriber's own template, of which nothing is known. */
  trigger: string | null
  uid: string | null
  /** As written. Of MEETING_STARTED and MEETING_ENDED it is the booking's, not the event's. */
  createdAt: string | null
  payload: JsonObject
}

export function isKnownTrigger(trigger: string): boolean {
  return Object.hasOwn(STATES, trigger) || OTHERS.includes(trigger)
}

export function changesTime(trigger: string): boolean {
  return Object.hasOwn(STATES, trigger)
}

export function readEvent(body: JsonObject): WebhookEvent {
  // MEETING_STARTED and MEETING_ENDED are flat.
  const payload = isObject(body.payload) ? body.payload : body
  return {
    trigger: textOf(body.triggerEvent),
    uid: textOf(payload.uid) ?? textOf(payload.bookingUid),
    createdAt: textOf(body.createdAt),
    payload,
  }
}

/** Throws UnreadableBooking. */
export function readChange(trigger: string, payload: JsonObject): RemoteChange {
  const externalId = textOf(payload.uid)
  if (externalId === null || externalId.length > 300) throw new UnreadableBooking('The event names no booking.')
  const startsAt = readInstant(payload.startTime, 'startTime')
  const endsAt = readInstant(payload.endTime, 'endTime')
  if (!(startsAt < endsAt)) throw new UnreadableBooking('The booking ends before it starts.')
  const state = STATES[trigger]
  if (!state) throw new UnreadableBooking(`${trigger} changes nothing.`)
  const previousId = textOf(payload.rescheduleUid)
  return {
    externalId,
    // A booking that waits to be confirmed can come under any name; the status says so.
    state: state === 'ACCEPTED' && textOf(payload.status)?.toUpperCase() === 'PENDING' ? 'REQUESTED' : state,
    startsAt,
    endsAt,
    eventTypeId: readWhole(payload.eventTypeId),
    hosts: readOrganizers(payload),
    attendee: readGuest(payload),
    appointmentId: appointmentIdOf(payload.metadata),
    previousId: previousId === externalId ? null : previousId,
    previousStartsAt: optionalInstant(payload.rescheduleStartTime),
    successorId: null,
    reason: textOf(payload.cancellationReason) ?? textOf(payload.rejectionReason) ?? textOf(payload.rescheduleReason),
    notes: textOf(payload.additionalNotes),
  }
}

function readOrganizers({ organizer, team }: JsonObject): string[] {
  const members = isObject(team) && Array.isArray(team.members) ? team.members : []
  return readHosts([organizer, ...members])
}

/** The number hides in several places, and the name in parts. */
function readGuest({ attendees, responses, location, smsReminderNumber }: JsonObject): RemoteAttendee {
  const guest = readAttendee(attendees)
  const given = (slug: string) => {
    const response = isObject(responses) ? responses[slug] : undefined
    return isObject(response) ? textOf(response.value) : textOf(response)
  }
  const called = textOf(location)
  return {
    name: guest.name ?? given('name'),
    email: guest.email ?? given('email'),
    phone:
      guest.phone ??
      given('attendeePhoneNumber') ??
      textOf(smsReminderNumber) ??
      (called !== null && /^\+[\d\s()/-]{6,}$/.test(called) ? called : null),
  }
}

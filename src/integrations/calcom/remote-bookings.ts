// Bookings as Cal.com's API describes them, read leniently: what is not understood is left out, what is needed is demanded.
import { isObject, type JsonObject, textOf } from '../webhooks/payloads.ts'

export interface RemoteAttendee {
  name: string | null
  email: string | null
  phone: string | null
}

export interface RemoteBooking {
  uid: string
  /** Their lower-case word: accepted, pending, cancelled, rejected. */
  status: string
  startsAt: number
  endsAt: number
  eventTypeId: number | null
  /** Ids, addresses and user names, in lower case. */
  hosts: string[]
  attendee: RemoteAttendee
  /** Of ours, from the metadata; the bare id. */
  appointmentId: string | null
  createdAt: number | null
  updatedAt: string | null
  previousUid: string | null
  successorUid: string | null
  reason: string | null
}

/** Where our own id stands in a booking's metadata. */
export const APPOINTMENT_KEY = 'slotwireAppointmentId'
export const CALL_KEY = 'slotwireCallId'

export class UnreadableBooking extends Error {}

export function isActive({ status }: Pick<RemoteBooking, 'status'>): boolean {
  return status === 'accepted' || status === 'pending'
}

/** Throws UnreadableBooking. */
export function readRemoteBooking(data: unknown): RemoteBooking {
  if (!isObject(data)) throw new UnreadableBooking('The booking is no object.')
  const uid = textOf(data.uid)
  if (uid === null || uid.length > 300) throw new UnreadableBooking('The booking has no uid.')
  const startsAt = readInstant(data.start, 'start')
  const endsAt = readInstant(data.end, 'end')
  if (!(startsAt < endsAt)) throw new UnreadableBooking('The booking ends before it starts.')
  const eventType = isObject(data.eventType) ? data.eventType.id : undefined
  return {
    uid,
    status: (textOf(data.status) ?? '').toLowerCase(),
    startsAt,
    endsAt,
    eventTypeId: readWhole(data.eventTypeId ?? eventType),
    hosts: readHosts(Array.isArray(data.hosts) ? data.hosts : []),
    attendee: readAttendee(data.attendees),
    appointmentId: appointmentIdOf(data.metadata),
    createdAt: optionalInstant(data.createdAt),
    updatedAt: textOf(data.updatedAt),
    previousUid: textOf(data.rescheduledFromUid),
    successorUid: textOf(data.rescheduledToUid),
    reason: textOf(data.cancellationReason) ?? textOf(data.reschedulingReason),
  }
}

/** Ends in Z, in .000Z or in an offset; a time without any is nobody's. */
export function readInstant(value: unknown, name: string): number {
  const at = optionalInstant(value)
  if (at === null)
    throw new UnreadableBooking(`The booking's ${name} is no instant: ${JSON.stringify(value) ?? 'none'}.`)
  return at
}

export function optionalInstant(value: unknown): number | null {
  if (typeof value !== 'string' || !/(Z|[+-]\d{2}:?\d{2})$/i.test(value)) return null
  const at = Date.parse(value)
  return Number.isNaN(at) ? null : at
}

export function readWhole(value: unknown): number | null {
  const number = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value
  return typeof number === 'number' && Number.isSafeInteger(number) ? number : null
}

export function readHosts(hosts: unknown[]): string[] {
  const names = hosts.filter(isObject).flatMap(({ id, userId, email, username }) => [id, userId, email, username])
  const texts = names.flatMap((name) =>
    typeof name === 'number' ? [String(name)] : (textOf(name)?.toLowerCase() ?? []),
  )
  return [...new Set(texts)]
}

export function readAttendee(attendees: unknown): RemoteAttendee {
  const first = Array.isArray(attendees) ? attendees.find(isObject) : undefined
  const parts = [textOf(first?.firstName), textOf(first?.lastName)].filter((part) => part !== null).join(' ')
  return {
    name: textOf(first?.name) ?? (parts === '' ? null : parts),
    email: textOf(first?.displayEmail) ?? textOf(first?.email),
    phone: textOf(first?.phoneNumber),
  }
}

/** Only what has the shape of our id: values can be anything, and anybody's. */
export function appointmentIdOf(metadata: unknown): string | null {
  const value = isObject(metadata) ? textOf((metadata as JsonObject)[APPOINTMENT_KEY]) : null
  return /^appointment_([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/.exec(value ?? '')?.[1] ?? null
}

// Who calls: the principal behind a request, as the rules see it.

export type Origin = 'API' | 'STAFF' | 'VOICE_AGENT' | 'CALENDAR'

export interface Caller {
  organizationId: string
  /**
   * SECRET: everything of the organization. PUBLISHABLE: catalogue, availability, holds, booking; never other people's
   * data. MANAGE: one appointment.
   */
  kind: 'SECRET' | 'PUBLISHABLE' | 'MANAGE'
  /** Scope of idempotency keys and holds: `key:<uuid>` or `manage:<appointment uuid>`. */
  id: string
  /** For MANAGE: the appointment that may be read, rescheduled and cancelled. */
  appointmentId: string | null
  /** What the history says: who it was. */
  actor: string
  /** Where the request came from: an IPv4 address, or the /64 network of an IPv6 address. Absent: not over a network. */
  network?: string
  origin: Origin
}

/** May see whom an appointment is for, and read other people's data. */
export function seesCustomers(caller: Caller): boolean {
  return caller.kind === 'SECRET'
}

// What a webhook says: `{type, timestamp, data}`, the same bytes on every attempt.
import type { WebhookDeliveryRecord } from '../../domain/outside/webhooks/webhook-deliveries.ts'
import type { WebhookEventKind } from '../../domain/outside/webhooks/webhook-endpoints.ts'

/** Standard Webhooks: receivers may refuse more than 20 kB. */
const BODY_LIMIT_BYTES = 20_000

const TYPES: Record<WebhookEventKind, string> = {
  BOOKED: 'appointment.booked',
  RESCHEDULED: 'appointment.rescheduled',
  CANCELLED: 'appointment.cancelled',
  COMPLETED: 'appointment.completed',
  NO_SHOW: 'appointment.no_show',
}

/**
 * Tells of the appointment as it was right after the event. Deliveries overtake each other: `sequence` grows with every change
 * of an appointment, so that a receiver can leave out what is older than what it has.
 */
export function messageBody(delivery: WebhookDeliveryRecord): string {
  const whole = JSON.stringify(messageOf(delivery))
  if (Buffer.byteLength(whole) <= BODY_LIMIT_BYTES) return whole
  // The API has the rest: what is told here is enough to ask for it.
  const { segments: _, reason: __, ...kept } = messageOf(delivery).data
  return JSON.stringify({ ...messageOf(delivery), data: { ...kept, segments: null, reason: null } })
}

function messageOf({ kind, occurredAt, appointmentId, version, snapshot }: WebhookDeliveryRecord) {
  const { status, startsAt, endsAt, previousStartsAt, guest, reason } = snapshot
  return {
    type: TYPES[kind],
    timestamp: new Date(occurredAt).toISOString(),
    data: {
      appointmentId: `appointment_${appointmentId}`,
      version,
      // The same number as SEQUENCE in the calendar feeds.
      sequence: version - 1,
      status,
      serviceId: `service_${snapshot.serviceId}`,
      serviceName: snapshot.serviceName,
      customerId: `customer_${snapshot.customerId}`,
      customer: guest,
      startsAt: isoOf(startsAt),
      endsAt: isoOf(endsAt),
      previousStartsAt: previousStartsAt === null ? null : isoOf(previousStartsAt),
      segments: snapshot.segments.map((segment) => ({
        name: segment.name,
        startsAt: isoOf(segment.startsAt),
        endsAt: isoOf(segment.endsAt),
        resourceIds: segment.resourceIds.map((id) => `resource_${id}`),
      })),
      reason,
    },
  }
}

function isoOf(at: string | number): string {
  return new Date(at).toISOString()
}

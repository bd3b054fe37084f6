// The bodies of a run's requests, one after the other.

import { type Booking, bookingOf, type Spread } from '../support/slots.ts'

export type RequestsInput =
  | { kind: 'constant'; body: string }
  /** `$serviceId`, `$resourceId`, `$startsAt`, `$name` and `$phone` in the template stand for the n-th booking. */
  | { kind: 'bookings'; template: string; spread: Spread; base: number; firstAt: number }

export function createRequests(input: RequestsInput): () => string {
  if (input.kind === 'constant') return () => input.body
  const parts = input.template.split(/\$(serviceId|resourceId|startsAt|name|phone)/)
  let n = input.base
  return () => {
    const booking = bookingOf(n++, input.spread, input.firstAt)
    return parts.map((part, index) => (index % 2 === 0 ? part : format(booking, part as keyof Booking))).join('')
  }
}

function format(booking: Booking, name: keyof Booking): string {
  return name === 'startsAt' ? new Date(booking.startsAt).toISOString() : booking[name]
}

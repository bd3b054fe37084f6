// Looks what Cal.com has of an appointment, by our id in the metadata: what a lost answer was about is found before anything is repeated.
import type { Refusal } from './answers.ts'
import type { CalcomClient } from './client.ts'
import { isActive, type RemoteBooking, readRemoteBooking, UnreadableBooking } from './remote-bookings.ts'
import type { Twin } from './twins.ts'

const DAY_MS = 86_400_000
const PAGE_LIMIT = 50
const CHAIN_LIMIT = 10

/** Every active booking there that is the appointment's. */
export async function lookForTwin(
  client: CalcomClient,
  twin: Twin,
): Promise<{ kind: 'FOUND'; bookings: RemoteBooking[] } | Refusal> {
  const found = new Map<string, RemoteBooking>()
  const starts = [twin.unansweredStartsAt, twin.externalStartsAt, twin.appointment.startsAt]
  const days = new Set(starts.filter((start) => start !== null).map((start) => Math.floor(start / DAY_MS)))
  for (const day of days) {
    const listed = await listAround(client, day * DAY_MS)
    if (listed.kind !== 'FOUND') return listed
    for (const booking of listed.bookings) {
      if (booking.appointmentId === twin.appointmentId && isActive(booking)) found.set(booking.uid, booking)
    }
  }
  // Moved by somebody over there it can be anywhere: its former id leads on.
  let uid = twin.externalId
  for (let step = 0; uid !== null && !found.has(uid) && step < CHAIN_LIMIT; step++) {
    const answer = await client.readBooking(uid)
    if (answer.kind === 'NOT_FOUND') break
    if (answer.kind !== 'DONE') return answer
    if (isActive(answer.data)) found.set(answer.data.uid, answer.data)
    uid = answer.data.successorUid
  }
  return { kind: 'FOUND', bookings: [...found.values()] }
}

async function listAround(
  client: CalcomClient,
  day: number,
): Promise<{ kind: 'FOUND'; bookings: RemoteBooking[] } | Refusal> {
  const bookings: RemoteBooking[] = []
  for (let page = 0, skip = 0; page < PAGE_LIMIT; page++) {
    const answer = await client.listBookings({ from: day - DAY_MS, to: day + 3 * DAY_MS, skip })
    if (answer.kind !== 'DONE') return answer
    for (const data of answer.data.bookings) bookings.push(...readable(data))
    if (!answer.data.hasMore) break
    skip += answer.data.bookings.length
  }
  return { kind: 'FOUND', bookings }
}

function readable(data: unknown): RemoteBooking[] {
  try {
    return [readRemoteBooking(data)]
  } catch (error) {
    if (error instanceof UnreadableBooking) return [] // somebody else's: ours have all that is needed
    throw error
  }
}

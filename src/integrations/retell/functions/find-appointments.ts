// find_appointments: what the person on the phone has booked.
import { sentencesFor } from '../sentences.ts'
import { decline, type FunctionResult, succeed } from './answers.ts'
import type { Call } from './conversation.ts'
import { readOwnAppointments, tell } from './own-appointments.ts'

export async function findOwnAppointments(call: Call): Promise<FunctionResult> {
  const sentences = sentencesFor(call.speech)
  const own = await call.read((tx) => readOwnAppointments(tx, call))
  const confirmed = own.filter(({ status }) => status === 'CONFIRMED')
  if (confirmed.length > 0) {
    return succeed('FOUND', sentences.appointments(confirmed.slice(0, 3)), { appointments: tell(call, confirmed) })
  }
  return decline('NOT_FOUND', call.carrierNumber === null ? sentences.whoAreYou : sentences.noAppointment)
}

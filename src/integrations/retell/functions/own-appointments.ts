// The appointments that the person on the phone may hear about and change.
import type { Tx } from '../../../db/transaction.ts'
import { listAppointments } from '../../../domain/bookings/appointment-lists.ts'
import { type AppointmentRecord, loadAppointments } from '../../../domain/bookings/appointments.ts'
import { loadServices } from '../../../domain/catalogue/definitions.ts'
import { listTouchedAppointments } from '../../../domain/outside/calls/call-functions.ts'
import { findCustomerByCarrierNumber } from '../../../domain/outside/calls/calls.ts'
import { loadCustomers } from '../../../domain/people/customers.ts'
import { sentencesFor } from '../sentences.ts'
import { writeMoment } from '../spoken-moments.ts'
import { decline, type FunctionResult } from './answers.ts'
import { type Catalogue, findService, SERVICE_NAMES, spokenServiceName } from './catalogue.ts'
import type { Call } from './conversation.ts'
import { spokenName, spokenPhone } from './guests.ts'
import { isSameName } from './matching.ts'
import type { KnownWish } from './time-arguments.ts'

export interface OwnAppointment extends AppointmentRecord {
  service: string
  /** Booked, moved or cancelled in this very call. */
  isTouched: boolean
}

const LIMIT = 20

/**
 * Those of the carrier's number; those of whoever gives the name and the number of a booking; those of this call. Upcoming and
 * confirmed, and of this call the cancelled ones, too.
 */
export async function readOwnAppointments(tx: Tx, call: Call): Promise<OwnAppointment[]> {
  const [byCarrier, byWord, touchedIds] = await Promise.all([
    findCustomerByCarrierNumber(tx, call.carrierNumber),
    findByNameAndPhone(tx, call),
    listTouchedAppointments(tx, { integrationId: call.integration.id, providerCallId: call.callId }),
  ])
  const customerIds = [...new Set([byCarrier, byWord].filter((id) => id !== null))]
  const [pages, touched] = await Promise.all([
    Promise.all(customerIds.map((customerId) => listUpcoming(tx, customerId, call.startedAt))),
    loadAppointments(tx, touchedIds),
  ])
  const found = new Map(pages.flat().map((appointment) => [appointment.id, appointment]))
  for (const appointment of touched.values()) found.set(appointment.id, appointment)
  const services = await loadServices(tx, [...new Set([...found.values()].map(({ serviceId }) => serviceId))])
  return [...found.values()]
    .map((appointment) => ({
      ...appointment,
      service: spokenServiceName(
        call.integration,
        appointment.serviceId,
        services.get(appointment.serviceId)?.name ?? '',
      ),
      isTouched: touchedIds.includes(appointment.id),
    }))
    .sort((a, b) => a.startsAt - b.startsAt)
}

async function listUpcoming(tx: Tx, customerId: string, from: number): Promise<AppointmentRecord[]> {
  return (await listAppointments(tx, { filter: { customerId, from, status: ['CONFIRMED'] }, first: LIMIT })).rows
}

/** Both have to fit: a name alone is known to many, and so is a number. */
async function findByNameAndPhone(tx: Tx, call: Call): Promise<string | null> {
  const name = spokenName(call.said)
  const { phone } = spokenPhone(call)
  if (name === '' || phone === null) return null
  const customerId = await findCustomerByCarrierNumber(tx, phone)
  if (customerId === null) return null
  const customer = (await loadCustomers(tx, [customerId])).get(customerId)
  return customer && isSameName(customer.name, name) ? customerId : null
}

/** The one that is meant. Whatever was said about it has to fit; of several that do none is picked. */
export function pickAppointment(
  call: Call,
  { own, catalogue, wish }: { own: OwnAppointment[]; catalogue: Catalogue; wish: KnownWish | null },
): OwnAppointment | FunctionResult {
  const sentences = sentencesFor(call.speech)
  const confirmed = own.filter(({ status }) => status === 'CONFIRMED')
  const named = findService(call, catalogue)
  if ('answer' in named) return named
  const id = namedId(call)
  const fitting = confirmed.filter(
    (appointment) =>
      (id === null || appointment.id === id) &&
      (named.service === null || appointment.serviceId === named.service.id) &&
      isAt(appointment, wish),
  )
  if (fitting.length === 1) return fitting[0] as OwnAppointment
  if (fitting.length > 1) {
    return decline('UNCLEAR_APPOINTMENT', sentences.whichAppointment(fitting), { appointments: tell(call, fitting) })
  }
  if (confirmed.length > 0) {
    return decline('NOT_FOUND', `${sentences.noAppointment} ${sentences.appointments(confirmed)}`, {
      appointments: tell(call, confirmed),
    })
  }
  return decline('NOT_FOUND', call.carrierNumber === null ? sentences.whoAreYou : sentences.noAppointment)
}

/** Whether an appointment was told apart by more than its time. */
export function namesAppointment(call: Call): boolean {
  return namedId(call) !== null || call.said.text(...SERVICE_NAMES) !== ''
}

/** Whether id and service, where they were said, are those of the appointment. */
export function isNamed(call: Call, appointment: OwnAppointment): boolean {
  const id = namedId(call)
  const service = call.said.text(...SERVICE_NAMES)
  return (id === null || id === appointment.id) && (service === '' || isSameName(service, appointment.service))
}

/** Ids that models invent do not look like ours. */
function namedId({ said }: Call): string | null {
  const written = said.text('appointment_id', 'termin_id', 'booking_id')
  return /^(?:appointment_)?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/.exec(written)?.[1] ?? null
}

export function isAt({ startsAt }: { startsAt: number }, wish: KnownWish | null): boolean {
  if (wish === null) return true
  return wish.kind === 'START' ? wish.startsAt === startsAt : wish.from <= startsAt && startsAt < wish.to
}

export function tell({ speech }: Call, appointments: OwnAppointment[]) {
  return appointments.map(({ id, service, startsAt }) => ({
    appointmentId: `appointment_${id}`,
    service,
    startsAt: writeMoment(startsAt, speech),
  }))
}

// One moment of the database: a snapshot that all fields of an operation read from, and what was read in it by id.
import type { Database } from '../../db/client.ts'
import { openSnapshot, type Tx } from '../../db/transaction.ts'
import {
  type AppointmentPage,
  type AppointmentRange,
  listAppointmentsOf,
} from '../../domain/bookings/appointment-lists.ts'
import {
  type AppointmentEventRecord,
  type AppointmentRecord,
  loadAppointments,
  loadHistories,
} from '../../domain/bookings/appointments.ts'
import { loadHolds, type StoredHold } from '../../domain/bookings/holds.ts'
import { loadSchedules } from '../../domain/catalogue/definitions.ts'
import { type LocationRecord, loadLocations } from '../../domain/catalogue/locations.ts'
import { loadResources, type ResourceRecord } from '../../domain/catalogue/resources.ts'
import { loadServiceRecords, type ServiceRecord } from '../../domain/catalogue/services.ts'
import { loadTimeOffConflicts } from '../../domain/catalogue/time-off.ts'
import { type ExternalBookingRecord, loadExternalBookings } from '../../domain/outside/calendars/external-bookings.ts'
import { type CustomerRecord, loadCustomers } from '../../domain/people/customers.ts'
import type { ResourceSchedule } from '../../domain/vocabulary/types.ts'
import { type Batch, createBatch } from './batches.ts'

export interface Moment extends AsyncDisposable {
  read<T>(work: (tx: Tx) => Promise<T>): Promise<T>
  locations: Batch<LocationRecord>
  resources: Batch<ResourceRecord>
  schedules: Batch<ResourceSchedule>
  services: Batch<ServiceRecord>
  holds: Batch<StoredHold>
  appointments: Batch<AppointmentRecord>
  histories: Batch<AppointmentEventRecord[]>
  /** By appointment. */
  externalBookings: Batch<ExternalBookingRecord[]>
  customers: Batch<CustomerRecord>
  /** By customer, the page of their appointments that the range names. */
  appointmentPages(range: AppointmentRange): Batch<AppointmentPage>
  /** The ids of the appointments that a time off covers. */
  timeOffConflicts: Batch<string[]>
}

export function openMoment(db: Database, organizationId: string): Moment {
  const snapshot = openSnapshot(db, organizationId)
  const batch = <V>(load: (tx: Tx, ids: string[]) => Promise<Map<string, V>>) =>
    createBatch<V>((ids) => snapshot.read((tx) => load(tx, ids)))
  const pages = new Map<string, Batch<AppointmentPage>>()
  const appointmentPages = (range: AppointmentRange) => {
    const key = JSON.stringify([range.first, range.after, range.last, range.before])
    const known = pages.get(key) ?? batch((tx, customerIds) => listAppointmentsOf(tx, { ...range, customerIds }))
    pages.set(key, known)
    return known
  }
  return {
    appointmentPages,
    read: (work) => snapshot.read(work),
    locations: batch(loadLocations),
    resources: batch(loadResources),
    schedules: batch(loadSchedules),
    services: batch(loadServiceRecords),
    holds: batch(loadHolds),
    appointments: batch(loadAppointments),
    histories: batch(loadHistories),
    externalBookings: batch(loadExternalBookings),
    customers: batch(loadCustomers),
    timeOffConflicts: batch(loadTimeOffConflicts),
    [Symbol.asyncDispose]: () => snapshot[Symbol.asyncDispose](),
  }
}

// What gateways say to each other over Redis: versioned, bounded, sealed, and believed only when its whole shape fits.
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { AppointmentChange, AvailabilityChange, CommittedTransaction } from '../db/changes.ts'
import type { Claim } from '../db/shapes.ts'
import { partitionOf } from './partitions.ts'

/** `transaction` absent: a heartbeat. Null: something was committed that does not fit here; the log has it. */
export interface BusMessage {
  from: string
  transaction?: CommittedTransaction | null
}

/** Why a message was not taken. `not_ours`: garbage, forged, or sealed by gateways of another database. */
export type Misfit = 'too_large' | 'not_ours' | 'other_version' | 'wrong_shape'

export interface BusMessages {
  /** Of one partition: on another one it is not ours. */
  encode(message: BusMessage, partition: number): string
  decode(bytes: Buffer, partition: number): BusMessage | Misfit
}

/** Goes up with every change by which a gateway of before would misread a message. */
const VERSION = '1'
/** About a thousand claims, parsed in two milliseconds. */
const LIMIT_BYTES = 256 * 1024
const SEAL_LENGTH = 22
const ID_LENGTH_LIMIT = 64

/** `slotwire/VERSION SEAL JSON`: version and seal are judged before anything is parsed. */
const HEADER = /^slotwire\/(\d{1,6}) /
const HEADER_LIMIT_BYTES = 64

export function createBusMessages(secret: string): BusMessages {
  const seal = (body: string | Buffer, partition: number) =>
    createHmac('sha256', secret)
      .update(`bus ${VERSION} ${partition} `)
      .update(body)
      .digest('base64url')
      .slice(0, SEAL_LENGTH)
  return {
    encode(message, partition) {
      const whole = JSON.stringify(message)
      const body = Buffer.byteLength(whole) <= LIMIT_BYTES ? whole : JSON.stringify({ ...message, transaction: null })
      return `slotwire/${VERSION} ${seal(body, partition)} ${body}`
    },
    decode(bytes, partition) {
      if (bytes.length > LIMIT_BYTES + HEADER_LIMIT_BYTES) return 'too_large'
      const header = HEADER.exec(bytes.toString('latin1', 0, HEADER_LIMIT_BYTES))
      if (!header) return 'not_ours'
      if (header[1] !== VERSION) return 'other_version'
      const sealed = header[0].length + SEAL_LENGTH
      const body = bytes.subarray(sealed + 1)
      const given = bytes.subarray(header[0].length, sealed)
      const expected = Buffer.from(seal(body, partition))
      if (given.length !== expected.length || !timingSafeEqual(given, expected)) return 'not_ours'
      return readBody(body, partition)
    },
  }
}

function readBody(body: Buffer, partition: number): BusMessage | Misfit {
  const message = parse(body)
  if (!isObject(message) || !isId(message.from)) return 'wrong_shape'
  const { from, transaction } = message
  if (transaction === undefined || transaction === null) return { from, transaction }
  const fits = isTransaction(transaction) && partitionOf(transaction.organizationId) === partition
  return fits ? { from, transaction } : 'wrong_shape'
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString())
  } catch {
    return null
  }
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const DATE = /^\d{4}-\d{2}-\d{2}$/
const XID = /^\d{1,16}$/

function isTransaction(value: unknown): value is CommittedTransaction {
  return (
    isObject(value) &&
    isUuid(value.organizationId) &&
    typeof value.xid === 'string' &&
    XID.test(value.xid) &&
    Number.isSafeInteger(Number(value.xid)) &&
    isListOf(value.changes, isChange) &&
    isListOf(value.appointments, isAppointmentChange)
  )
}

function isChange(value: unknown): value is AvailabilityChange {
  if (!isObject(value) || !isObject(value.delta)) return false
  const { added = [], removed = [], redefined, busy } = value.delta
  return (
    isUuid(value.subjectId) &&
    isDay(value.day) &&
    isVersion(value.version) &&
    isListOf(added, isClaim) &&
    isListOf(removed, isClaim) &&
    (redefined === undefined || redefined === true) &&
    (busy === undefined || busy === true)
  )
}

function isAppointmentChange(value: unknown): value is AppointmentChange {
  return isObject(value) && isUuid(value.appointmentId) && isVersion(value.version)
}

function isClaim(value: unknown): value is Claim {
  return (
    isObject(value) &&
    isUuid(value.id) &&
    isUuid(value.resourceId) &&
    (value.holdId === null || isUuid(value.holdId)) &&
    (value.appointmentId === null || isUuid(value.appointmentId)) &&
    isInstant(value.start) &&
    isInstant(value.end) &&
    value.start < value.end &&
    (value.expiresAt === null || isInstant(value.expiresAt))
  )
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isListOf<Item>(value: unknown, isItem: (item: unknown) => item is Item): value is Item[] {
  return Array.isArray(value) && value.every(isItem)
}

function isId(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= ID_LENGTH_LIMIT
}

function isUuid(value: unknown): value is string {
  return typeof value === 'string' && UUID.test(value)
}

function isDay(value: unknown): value is string {
  return typeof value === 'string' && DATE.test(value) && !Number.isNaN(Date.parse(value))
}

function isVersion(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) > 0
}

function isInstant(value: unknown): value is number {
  return Number.isSafeInteger(value)
}

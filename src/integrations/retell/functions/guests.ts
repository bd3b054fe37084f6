// Who is on the phone, and whom a booking is for.
import type { CountryCode } from 'libphonenumber-js/max'
import type { Tx } from '../../../db/transaction.ts'
import { findCustomerByCarrierNumber } from '../../../domain/outside/calls/calls.ts'
import { type CustomerRecord, loadCustomers } from '../../../domain/people/customers.ts'
import { readPhone } from '../../../domain/vocabulary/phone-numbers.ts'
import type { Arguments } from './arguments.ts'
import type { Conversation } from './conversation.ts'

const PHONE_NAMES = [
  'phone',
  'phone_number',
  'customer_phone',
  'telephone',
  'telefon',
  'telefonnummer',
  'rueckrufnummer',
  'callback_number',
  'mobile',
]

export function spokenName(said: Arguments): string {
  const whole = said.text(
    'customer_name',
    'name',
    'full_name',
    'caller_name',
    'kundenname',
    'kunde',
    'client_name',
    'guest_name',
  )
  if (whole !== '') return whole
  const parts = [said.text('first_name', 'vorname', 'given_name'), said.text('last_name', 'nachname', 'surname')]
  return parts.filter((part) => part !== '').join(' ')
}

/** Digits may have arrived as a number, without the zero or the plus in front: what cannot be read is an issue. */
export function spokenPhone({ said, integration }: Conversation): { phone: string | null; isUnclear: boolean } {
  const text = said.text(...PHONE_NAMES)
  const { phone, issue } = readPhone(text, integration.country as CountryCode)
  return { phone, isUnclear: issue !== null }
}

/** Only by the carrier's number: a name or number that was merely said lets nobody in. */
export async function findCaller(tx: Tx, { carrierNumber }: Conversation): Promise<CustomerRecord | null> {
  const customerId = await findCustomerByCarrierNumber(tx, carrierNumber)
  return customerId === null ? null : ((await loadCustomers(tx, [customerId])).get(customerId) ?? null)
}

export interface GuestToBook {
  name: string
  /** E.164. The carrier's number is what identifies; the spoken one stands in where there is none. */
  phone: string | null
  email: string | null
  notes: string | null
}

/** Null: a number was said and cannot be read. What was said beside the carrier's number is kept as a note. */
export function readGuest(conversation: Conversation, name: string): GuestToBook | null {
  const { said, carrierNumber } = conversation
  const spoken = spokenPhone(conversation)
  if (carrierNumber === null && spoken.isUnclear) return null
  const otherNumber = carrierNumber !== null && spoken.phone !== carrierNumber ? said.text(...PHONE_NAMES) : ''
  const email = said.text('email', 'e_mail', 'customer_email', 'mail').replace(/\s+/g, '')
  const isEmail = /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(email)
  const notes = [
    said.text('notes', 'note', 'comment', 'bemerkung', 'anmerkung', 'notiz'),
    otherNumber && `Tel. ${otherNumber}`,
    email !== '' && !isEmail ? `E-Mail: ${email}` : '',
  ].filter((note) => note !== '')
  return {
    name,
    phone: carrierNumber ?? spoken.phone,
    email: isEmail ? email : null,
    notes: notes.length > 0 ? notes.join('\n') : null,
  }
}

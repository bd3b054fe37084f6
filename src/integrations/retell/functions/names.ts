// Which of our functions an agent means by a name.
import type { RetellSettings } from '../settings.ts'

export const FUNCTION_NAMES = [
  'list_services',
  'check_availability',
  'find_alternatives',
  'hold_slot',
  'release_slot',
  'book_appointment',
  'find_appointments',
  'reschedule_appointment',
  'cancel_appointment',
] as const

export type FunctionName = (typeof FUNCTION_NAMES)[number]

/** The configured name, with or without the version that operators append (`book_appointment_v17`). Null: none of ours. */
export function findFunction(name: string, { functions }: Pick<RetellSettings, 'functions'>): FunctionName | null {
  for (const candidate of [name, name.replace(/[_-]v\d{1,4}$/i, '')]) {
    const mapped = Object.hasOwn(functions, candidate) ? functions[candidate] : candidate
    const known = FUNCTION_NAMES.find((ours) => ours === mapped)
    if (known) return known
  }
  return null
}

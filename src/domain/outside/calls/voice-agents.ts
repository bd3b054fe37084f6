// Voice agents: how an organization has set the one that answers a location's telephone, and how it connects it.
import type { Tx } from '../../../db/transaction.ts'
import { MAX_TTL_SECONDS } from '../../bookings/holds.ts'
import { loadServiceRecords } from '../../catalogue/services.ts'
import { checkWholeNumber, refuseIssues } from '../../vocabulary/input-issues.ts'
import type { InputIssue } from '../../vocabulary/refusals.ts'
import { connectIntegration, type IntegrationRecord } from '../integrations.ts'

/** The languages that are spoken to callers. */
export type Language = 'de' | 'en'

export const VOICE_FUNCTIONS = [
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

export type VoiceFunctionName = (typeof VOICE_FUNCTIONS)[number]

export interface RetellSettings {
  /** Null: by the location's country. */
  language: Language | null
  /** From the agent's names for functions to ours. Ours need no entry. */
  functions: Record<string, string>
  /** What callers call a service, to the service's id. */
  serviceNames: Record<string, string>
  /** How long a conversation holds what it offers. */
  holdSeconds: number
}

const DEFAULT_HOLD_SECONDS = 300

export function settingsOf({ settings }: Pick<IntegrationRecord, 'settings'>): RetellSettings {
  const stored = settings as Partial<RetellSettings>
  return {
    language: stored.language ?? null,
    functions: stored.functions ?? {},
    serviceNames: stored.serviceNames ?? {},
    holdSeconds: stored.holdSeconds ?? DEFAULT_HOLD_SECONDS,
  }
}

export interface RetellConnection {
  locationId: string
  /** The API key that carries Retell's "webhook" badge: it signs what they send. */
  apiKey: string
  /** Null: by the location's country. */
  language: Language | null
  functions: { agentName: string; name: VoiceFunctionName }[]
  serviceNames: { spoken: string; serviceId: string }[]
  holdSeconds: number | null
}

const ENTRY_LIMIT = 100

/** Connecting again replaces everything, the key included; the addresses stay. Throws InvalidInputError, NotFoundError. */
export async function connectRetell(tx: Tx, input: RetellConnection): Promise<IntegrationRecord> {
  const { locationId, language, functions, serviceNames } = input
  const issues: InputIssue[] = []
  const apiKey = input.apiKey.trim()
  if (apiKey.length < 8 || apiKey.length > 500) {
    issues.push({ path: ['apiKey'], message: 'Give the API key that has the webhook badge.' })
  }
  if (input.holdSeconds !== null)
    checkWholeNumber(issues, ['holdSeconds'], input.holdSeconds, { min: 10, max: MAX_TTL_SECONDS })
  checkEntries(issues, ['functions'], functions.length)
  checkEntries(issues, ['serviceNames'], serviceNames.length)
  for (const [index, { agentName }] of functions.entries()) {
    if (!/^[\w-]{1,64}$/.test(agentName)) {
      const message = 'Names of functions have letters, digits, underscores and dashes, 64 at most.'
      issues.push({ path: ['functions', String(index), 'agentName'], message })
    }
  }
  const services = await loadServiceRecords(
    tx,
    serviceNames.map(({ serviceId }) => serviceId),
  )
  for (const [index, { spoken, serviceId }] of serviceNames.entries()) {
    if (services.get(serviceId)?.locationId !== locationId) {
      issues.push({
        path: ['serviceNames', String(index), 'serviceId'],
        message: 'The location offers no such service.',
      })
    }
    if (spoken.trim() === '' || spoken.length > 200) {
      issues.push({ path: ['serviceNames', String(index), 'spoken'], message: '1 to 200 characters.' })
    }
  }
  refuseIssues(issues)
  const settings: RetellSettings = {
    language,
    functions: Object.fromEntries(functions.map(({ agentName, name }) => [agentName, name])),
    serviceNames: Object.fromEntries(serviceNames.map(({ spoken, serviceId }) => [spoken.trim(), serviceId])),
    holdSeconds: input.holdSeconds ?? DEFAULT_HOLD_SECONDS,
  }
  return connectIntegration(tx, {
    provider: 'RETELL',
    locationId,
    settings: { ...settings },
    secrets: { webhookKey: apiKey },
  })
}

function checkEntries(issues: InputIssue[], path: string[], count: number): void {
  if (count > ENTRY_LIMIT) issues.push({ path, message: `At most ${ENTRY_LIMIT}.` })
}

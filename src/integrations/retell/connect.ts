// Connects a Retell account to a location: its webhook key, its language, its names for our functions.
import type { Tx } from '../../db/transaction.ts'
import { MAX_TTL_SECONDS } from '../../domain/holds.ts'
import { checkWholeNumber, refuseIssues } from '../../domain/input-issues.ts'
import { connectIntegration, type IntegrationRecord } from '../../domain/integrations.ts'
import type { InputIssue } from '../../domain/refusals.ts'
import { loadServiceRecords } from '../../domain/services.ts'
import { FUNCTION_NAMES } from './functions/names.ts'
import type { Language } from './languages.ts'
import { DEFAULT_HOLD_SECONDS, type RetellSettings } from './settings.ts'

export interface RetellConnection {
  locationId: string
  /** The API key that carries Retell's "webhook" badge: it signs what they send. */
  webhookKey: string
  /** Null: by the location's country. */
  language: Language | null
  functions: { agentName: string; name: string }[]
  serviceNames: { spoken: string; serviceId: string }[]
  holdSeconds: number | null
}

const ENTRY_LIMIT = 100

/** Connecting again replaces everything, the key included; the addresses stay. Throws InvalidInputError, NotFoundError. */
export async function connectRetell(tx: Tx, input: RetellConnection): Promise<IntegrationRecord> {
  const { locationId, language, functions, serviceNames } = input
  const issues: InputIssue[] = []
  const webhookKey = input.webhookKey.trim()
  if (webhookKey.length < 8 || webhookKey.length > 500) {
    issues.push({ path: ['webhookKey'], message: 'Give the API key that has the webhook badge.' })
  }
  if (input.holdSeconds !== null)
    checkWholeNumber(issues, ['holdSeconds'], input.holdSeconds, { min: 10, max: MAX_TTL_SECONDS })
  checkEntries(issues, ['functions'], functions.length)
  checkEntries(issues, ['serviceNames'], serviceNames.length)
  for (const [index, { agentName, name }] of functions.entries()) {
    if (!/^[\w-]{1,64}$/.test(agentName)) {
      const message = 'Names of functions have letters, digits, underscores and dashes, 64 at most.'
      issues.push({ path: ['functions', String(index), 'agentName'], message })
    }
    if (!FUNCTION_NAMES.some((ours) => ours === name)) {
      issues.push({ path: ['functions', String(index), 'name'], message: `One of ${FUNCTION_NAMES.join(', ')}.` })
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
  return connectIntegration(tx, { provider: 'RETELL', locationId, settings: { ...settings }, secrets: { webhookKey } })
}

function checkEntries(issues: InputIssue[], path: string[], count: number): void {
  if (count > ENTRY_LIMIT) issues.push({ path, message: `At most ${ENTRY_LIMIT}.` })
}

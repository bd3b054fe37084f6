// What an organization has set for its voice agent, and the caller that acts for it.

import type { Caller } from '../../domain/callers.ts'
import type { IntegrationRecord, IntegrationWithSecrets } from '../../domain/integrations.ts'
import { countryLanguage, type Language } from './languages.ts'

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

export interface RetellIntegration {
  id: string
  organizationId: string
  locationId: string
  timeZone: string
  country: string
  language: Language
  webhookKey: string
  settings: RetellSettings
}

export const DEFAULT_HOLD_SECONDS = 300

export function settingsOf({ settings }: Pick<IntegrationRecord, 'settings'>): RetellSettings {
  const stored = settings as Partial<RetellSettings>
  return {
    language: stored.language ?? null,
    functions: stored.functions ?? {},
    serviceNames: stored.serviceNames ?? {},
    holdSeconds: stored.holdSeconds ?? DEFAULT_HOLD_SECONDS,
  }
}

export function retellIntegration(integration: IntegrationWithSecrets): RetellIntegration {
  const { id, organizationId, locationId, timeZone, country, secrets } = integration
  const settings = settingsOf(integration)
  return {
    ...{ id, organizationId, locationId, timeZone, country, settings },
    language: settings.language ?? countryLanguage(country),
    webhookKey: String(secrets.webhookKey),
  }
}

/** Holds and books for the person on the phone. Its idempotency keys and holds are its own. */
export function voiceAgent({ id, organizationId }: RetellIntegration): Caller {
  return {
    organizationId,
    kind: 'SECRET',
    id: `integration:${id}`,
    appointmentId: null,
    actor: 'voice agent',
    origin: 'VOICE_AGENT',
  }
}

/**
 * Changes one appointment as its guest: whoever calls is a guest, whatever key the agent has, and the policy in force
 * binds them.
 */
export function guestOnThePhone(integration: RetellIntegration, appointmentId: string): Caller {
  return { ...voiceAgent(integration), kind: 'MANAGE', appointmentId }
}

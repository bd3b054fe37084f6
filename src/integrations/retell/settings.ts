// What an organization has set for its voice agent, and the caller that acts for it.

import { type Language, type RetellSettings, settingsOf } from '../../domain/outside/calls/voice-agents.ts'
import type { IntegrationWithSecrets } from '../../domain/outside/integrations.ts'
import type { Caller } from '../../domain/people/callers.ts'
import { countryLanguage } from './languages.ts'

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

// Which language is spoken where nobody has said.
import type { Language } from '../../domain/outside/calls/voice-agents.ts'

export function countryLanguage(country: string): Language {
  return ['DE', 'AT', 'CH', 'LI', 'LU'].includes(country) ? 'de' : 'en'
}

// Which of our functions an agent means by a name.
import {
  type RetellSettings,
  VOICE_FUNCTIONS,
  type VoiceFunctionName,
} from '../../../domain/outside/calls/voice-agents.ts'

/** The configured name, with or without the version that operators append (`book_appointment_v17`). Null: none of ours. */
export function findFunction(name: string, { functions }: Pick<RetellSettings, 'functions'>): VoiceFunctionName | null {
  for (const candidate of [name, name.replace(/[_-]v\d{1,4}$/i, '')]) {
    const mapped = Object.hasOwn(functions, candidate) ? functions[candidate] : candidate
    const known = VOICE_FUNCTIONS.find((ours) => ours === mapped)
    if (known) return known
  }
  return null
}

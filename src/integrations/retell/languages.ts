// The languages that are spoken to callers.

export type Language = 'de' | 'en'

export const LANGUAGES: Language[] = ['de', 'en']

export function countryLanguage(country: string): Language {
  return ['DE', 'AT', 'CH', 'LI', 'LU'].includes(country) ? 'de' : 'en'
}

// Whom the caller wants to be with: respected wherever a time is taken, or asked about.
import type { Tx } from '../../../db/transaction.ts'
import { loadServices } from '../../../domain/catalogue/definitions.ts'
import type { ServiceDefinition } from '../../../domain/vocabulary/types.ts'
import { sentencesFor } from '../sentences.ts'
import { decline, type FunctionResult } from './answers.ts'
import type { Catalogue, Offered } from './catalogue.ts'
import type { Conversation } from './conversation.ts'
import { matchPerson } from './matching.ts'

const STAFF_NAMES = [
  ...['staff', 'staff_name', 'staff_member', 'preferred_staff', 'employee', 'employee_name', 'provider', 'person'],
  ...['mitarbeiter', 'mitarbeiterin', 'wunschmitarbeiter', 'stylist', 'stylistin', 'barber', 'friseur', 'friseurin'],
  ...[
    'therapist',
    'therapeut',
    'therapeutin',
    'doctor',
    'arzt',
    'behandler',
    'resource',
    'resource_name',
    'with',
    'bei',
  ],
]

const ANYBODY =
  /^(?:(?:ganz |mir )?egal(?:,? (?:wer|bei wem))?|any(?:one|body)?|whoever|no preference|keine (?:präferenz|vorliebe)|beliebig|jemand|some(?:one|body)|(?:it )?does(?:n't| not) matter|(?:i )?do(?:n't| not) mind|wer (?:gerade )?(?:frei ist|zeit hat|da ist)|first available)(?: is fine| available|,? please|,? bitte)?[.!]?$/i

/** Null: anybody. Who is not known, or meant by several, is asked about. */
export function findStaff(
  { said, speech }: Conversation,
  { staff }: Catalogue,
): { staff: Offered | null } | FunctionResult {
  const spoken = said.text(...STAFF_NAMES)
  if (spoken === '' || ANYBODY.test(spoken)) return { staff: null }
  const match = matchPerson(spoken, staff)
  if (match.kind === 'ONE') return { staff: match.item }
  const names = (match.kind === 'SEVERAL' ? match.items : staff).map(({ name }) => name)
  const sentences = sentencesFor(speech)
  const message = match.kind === 'SEVERAL' ? sentences.whichOf(names) : sentences.unknownStaff(names)
  return decline('UNCLEAR_STAFF', message, { staff: names })
}

/**
 * For a claim of the service: the person in the first group of each segment that they can serve, everything else the gateway's
 * choice. Who does not offer the service is no person to wait for.
 */
export async function pinNamed(
  tx: Tx,
  { speech }: Conversation,
  { service, staff, catalogue }: { service: Offered; staff: Offered | null; catalogue: Catalogue },
): Promise<{ pins: (string | null)[] } | FunctionResult> {
  if (staff === null) return { pins: [] }
  const definition = (await loadServices(tx, [service.id])).get(service.id)
  if (!definition) return { pins: [] }
  const candidates = definition.segments.flatMap(({ resourceGroups }) =>
    resourceGroups.flatMap(({ candidateIds }) => candidateIds),
  )
  if (candidates.includes(staff.id)) return { pins: pinStaff(definition, staff.id) }
  const names = catalogue.staff.filter(({ id }) => candidates.includes(id)).map(({ name }) => name)
  return decline('UNCLEAR_STAFF', sentencesFor(speech).notOffering(staff.name, service.name, names), { staff: names })
}

function pinStaff(service: ServiceDefinition, staffId: string): (string | null)[] {
  return service.segments.flatMap(({ resourceGroups }) => {
    const position = resourceGroups.findIndex(({ candidateIds }) => candidateIds.includes(staffId))
    return resourceGroups.map((_, index) => (index === position ? staffId : null))
  })
}

interface Served {
  segments: { resourceIds: string[] }[]
}

/** True where nobody was named. */
export function isWith({ segments }: Served, staff: Offered | null): boolean {
  return staff === null || segments.some(({ resourceIds }) => resourceIds.includes(staff.id))
}

/** The people of a hold or an appointment, by name, in their order of work. */
export function staffOf({ segments }: Served, { staff }: Catalogue): string[] {
  const ids = segments.flatMap(({ resourceIds }) => resourceIds)
  return [...new Set(ids)].flatMap((id) => staff.filter((person) => person.id === id).map(({ name }) => name))
}

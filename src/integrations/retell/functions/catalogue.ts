// What the location offers and who works there, and which of it was meant.
import type { Once } from '../../../db/shared-transactions.ts'
import type { Tx } from '../../../db/transaction.ts'
import { sentencesFor } from '../sentences.ts'
import type { RetellIntegration } from '../settings.ts'
import { decline, type FunctionResult } from './answers.ts'
import type { Conversation } from './conversation.ts'
import { matchByName } from './matching.ts'

export interface Offered {
  id: string
  name: string
}

interface OfferedService extends Offered {
  /** As the organization writes it; `name` is what callers say, where that is set. */
  writtenName: string
}

export interface Catalogue {
  services: OfferedService[]
  staff: Offered[]
}

export async function readCatalogue(tx: Tx, once: Once, integration: RetellIntegration): Promise<Catalogue> {
  const { locationId } = integration
  const [services, staff] = await once(`catalogue ${locationId}`, () =>
    Promise.all([
      tx.sql<Omit<OfferedService, 'name'>[]>`
        select id, name as "writtenName" from services
        where organization_id = ${tx.organizationId} and location_id = ${locationId} and active
        order by name, id`,
      tx.sql<Offered[]>`
        select id, name from resources
        where organization_id = ${tx.organizationId} and location_id = ${locationId} and kind = 'STAFF' and active
        order by name, id`,
    ]),
  )
  return {
    services: services.map((service) => ({
      ...service,
      name: spokenServiceName(integration, service.id, service.writtenName),
    })),
    staff,
  }
}

export const SERVICE_NAMES = [
  'service',
  'service_name',
  'service_id',
  'leistung',
  'dienstleistung',
  'dienst',
  'behandlung',
]
/** What callers call the service, if that is set. */
export function spokenServiceName({ settings }: RetellIntegration, id: string, name: string): string {
  return Object.entries(settings.serviceNames).find(([, serviceId]) => serviceId === id)?.[0] ?? name
}

/** Null: no service was named. A name that fits several is asked about. */
export function findService(
  { said, integration, speech }: Conversation,
  { services }: Catalogue,
): { service: Offered | null } | FunctionResult {
  const sentences = sentencesFor(speech)
  const spoken = said.text(...SERVICE_NAMES)
  if (spoken === '') return { service: null }
  const byId = services.find(({ id }) => spoken === id || spoken === `service_${id}`)
  if (byId) return { service: byId }
  const aliases = Object.entries(integration.settings.serviceNames).flatMap(([name, id]) =>
    services.filter((service) => service.id === id).map((service) => ({ name, id, service })),
  )
  const named = matchByName(spoken, aliases)
  if (named.kind === 'ONE') return { service: named.item.service }
  const written = matchByName(
    spoken,
    services.map((service) => ({ name: service.writtenName, service })),
  )
  if (written.kind === 'ONE') return { service: written.item.service }
  const match = matchByName(spoken, services)
  if (match.kind === 'ONE') return { service: match.item }
  const names = (match.kind === 'SEVERAL' ? match.items : services).map(({ name }) => name)
  const message = match.kind === 'SEVERAL' ? sentences.whichOf(names) : sentences.whichService(names)
  return decline('UNCLEAR_SERVICE', message, { services: names })
}

/** Where no service was named, the only one is meant; else it is asked. */
export function requireService(
  conversation: Conversation,
  catalogue: Catalogue,
): { service: Offered } | FunctionResult {
  const found = findService(conversation, catalogue)
  if ('answer' in found) return found
  const service = found.service ?? (catalogue.services.length === 1 ? (catalogue.services[0] as Offered) : null)
  if (service) return { service }
  const names = catalogue.services.map(({ name }) => name)
  return decline('UNCLEAR_SERVICE', sentencesFor(conversation.speech).whichService(names), { services: names })
}

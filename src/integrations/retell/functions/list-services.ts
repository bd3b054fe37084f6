// list_services: what the location offers.
import { inSnapshot } from '../../../db/transaction.ts'
import { sentencesFor } from '../sentences.ts'
import { type FunctionResult, succeed } from './answers.ts'
import { readCatalogue } from './catalogue.ts'
import type { Conversation } from './conversation.ts'

export async function listServices(conversation: Conversation): Promise<FunctionResult> {
  const { db, integration, speech } = conversation
  const { services, staff } = await inSnapshot(db, integration.organizationId, (tx) => readCatalogue(tx, integration))
  return succeed('SERVICES', sentencesFor(speech).services(services.map(({ name }) => name)), {
    services: services.map(({ id, name, durationMinutes }) => ({ serviceId: `service_${id}`, name, durationMinutes })),
    staff: staff.map(({ name }) => name),
  })
}

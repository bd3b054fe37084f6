// list_services: what the location offers.
import { loadServiceRecords } from '../../../domain/catalogue/services.ts'
import { sentencesFor } from '../sentences.ts'
import { type FunctionResult, succeed } from './answers.ts'
import { readCatalogue } from './catalogue.ts'
import type { Conversation } from './conversation.ts'

export async function listServices(conversation: Conversation): Promise<FunctionResult> {
  const { read, integration, speech } = conversation
  const { services, staff, records } = await read(async (tx, once) => {
    const catalogue = await readCatalogue(tx, once, integration)
    const ids = catalogue.services.map(({ id }) => id)
    return { ...catalogue, records: await loadServiceRecords(tx, ids) }
  })
  return succeed('SERVICES', sentencesFor(speech).services(services.map(({ name }) => name)), {
    services: services.map(({ id, name }) => ({
      serviceId: `service_${id}`,
      name,
      durationMinutes: records.get(id)?.durationMinutes,
    })),
    staff: staff.map(({ name }) => name),
  })
}

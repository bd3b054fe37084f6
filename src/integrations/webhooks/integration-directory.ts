// Finds the integration that a path names without a query for each delivery; a disconnected one is dead within a second.
import type { Database } from '../../db/client.ts'
import { createLookups } from '../../db/lookups.ts'
import {
  findIntegrations,
  type IntegrationProvider,
  type IntegrationWithSecrets,
} from '../../domain/outside/integrations.ts'

export interface IntegrationDirectory {
  /** `name` is what stands in the path: `integration_<uuid>` or the bare uuid. Null: there is no such integration. */
  find(provider: IntegrationProvider, name: string | undefined): Promise<IntegrationWithSecrets | null>
}

const TRUSTED_FOR_MS = 1000

/** Many unknown addresses at once are one query; what is unknown is remembered as well, apart from what is known. */
export function createIntegrationDirectory(
  db: Database,
  now: () => number = () => performance.now(),
): IntegrationDirectory {
  const lookups = createLookups({
    trustedForMs: TRUSTED_FOR_MS,
    now,
    read: async (ids) => new Map((await findIntegrations(db, ids)).map((found) => [found.id, found])),
  })
  return {
    async find(provider, name) {
      const id = /^(?:integration_)?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/.exec(name ?? '')?.[1]
      if (id === undefined) return null
      const found = await lookups.find(id)
      return found?.provider === provider ? found : null
    },
  }
}

// Finds the integration that a path names without a query for each delivery; a disconnected one is dead within a second.
import type { Database } from '../../db/client.ts'
import {
  findIntegration,
  type IntegrationProvider,
  type IntegrationWithSecrets,
} from '../../domain/outside/integrations.ts'

export interface IntegrationDirectory {
  /** `name` is what stands in the path: `integration_<uuid>` or the bare uuid. Null: there is no such integration. */
  find(provider: IntegrationProvider, name: string | undefined): Promise<IntegrationWithSecrets | null>
}

const TRUSTED_FOR_MS = 1000
const KEPT_LIMIT = 10_000

/** Only what exists is kept, so that invented ids push nobody out. */
export function createIntegrationDirectory(
  db: Database,
  now: () => number = () => performance.now(),
): IntegrationDirectory {
  const kept = new Map<string, { integration: IntegrationWithSecrets; readAt: number }>()
  const reading = new Map<string, Promise<IntegrationWithSecrets | null>>()

  async function read(provider: IntegrationProvider, id: string): Promise<IntegrationWithSecrets | null> {
    const readAt = now()
    const integration = await findIntegration(db, { id, provider })
    kept.delete(id)
    if (kept.size >= KEPT_LIMIT) kept.delete(kept.keys().next().value as string)
    if (integration) kept.set(id, { integration, readAt })
    return integration
  }

  return {
    async find(provider, name) {
      const id = /^(?:integration_)?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/.exec(name ?? '')?.[1]
      if (id === undefined) return null
      const known = kept.get(id)
      if (known && known.integration.provider === provider && now() - known.readAt < TRUSTED_FOR_MS) {
        return known.integration
      }
      const underWay = reading.get(`${provider} ${id}`) ?? read(provider, id)
      reading.set(`${provider} ${id}`, underWay)
      return underWay.finally(() => reading.delete(`${provider} ${id}`))
    },
  }
}

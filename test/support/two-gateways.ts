// Two gateway processes on one PostgreSQL and one Redis, with a salon, asked in turns over GraphQL.

import { inject } from 'vitest'
import { createApiKey } from '../../src/domain/people/api-keys.ts'
import { encodeId } from '../../src/schema/machinery/ids.ts'
import { type GatewayProcess, startGateway } from './gateway-process.ts'
import { requestGraphql } from './graphql-request.ts'
import { openSalon, type Salon } from './salon.ts'

export interface TwoGateways extends AsyncDisposable {
  salon: Salon
  serviceId: string
  gateways: [GatewayProcess, GatewayProcess]
  /** The result of the only mutation of the document; anything else than a member of its union is a fault. */
  mutate(query: string, input: Record<string, unknown>): Promise<Answer>
}

/** A member of a result union with whatever was selected. */
export interface Answer {
  __typename: string
  [field: string]: unknown
}

export async function openTwoGateways({
  people,
  advisoryLocks,
}: {
  people: number
  advisoryLocks: boolean
}): Promise<TwoGateways> {
  await using stack = new AsyncDisposableStack()
  const salon = stack.use(await openSalon({ people }))
  const { organizationId } = salon
  const { key } = await salon.write((tx) => createApiKey(tx, { organizationId, kind: 'SECRET' }))
  const start = () =>
    startGateway({
      databaseUrl: salon.url,
      redisUrl: inject('redisUrl'),
      environment: { TEST_ONLY_ADVISORY_LOCKS: advisoryLocks ? 'on' : 'off' },
    })
  const gateways: [GatewayProcess, GatewayProcess] = [stack.use(await start()), stack.use(await start())]
  let turn = 0
  const opened = stack.move()
  return {
    salon,
    serviceId: encodeId('service', salon.cutId),
    gateways,
    async mutate(query, input) {
      const { url } = gateways[turn++ % 2] as GatewayProcess
      const { data, errors } = await requestGraphql<Record<string, Answer>>(url, { query, variables: { input }, key })
      const [answer] = Object.values(data ?? {})
      if (!answer || errors.length > 0) throw new Error(`A fault: ${JSON.stringify(errors)}`)
      return answer
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

/** How often each member of the union was the answer. */
export function countTypes(answers: Answer[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { __typename } of answers) counts[__typename] = (counts[__typename] ?? 0) + 1
  return counts
}

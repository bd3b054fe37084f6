// What is besieged: two gateways on one PostgreSQL and one Redis, two organizations, a telephone, and networks to freeze.

import { openDatabase } from '../../src/db/client.ts'
import { connectRetell } from '../../src/domain/outside/calls/voice-agents.ts'
import { createApiKey } from '../../src/domain/people/api-keys.ts'
import { encodeId } from '../../src/schema/machinery/ids.ts'
import { type GatewayProcess, startGateway } from '../support/gateway-process.ts'
import { startRedis, type TestRedis } from '../support/redis.ts'
import { ALWAYS_OPEN } from '../support/salon.ts'
import { openTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts'
import { addResource, addService, addTenant, staffed } from '../support/tenant.ts'

export interface Organization {
  publishableKey: string
  secretKey: string
  serviceId: string
}

export interface World extends AsyncDisposable {
  /** The honest crowd is on the first. */
  gateways: [GatewayProcess, GatewayProcess]
  /** The attackers have the publishable key of the first. */
  organizations: [Organization, Organization]
  integrationId: string
  redis: TestRedis
  /** Between the second gateway and PostgreSQL. */
  secondDatabase: TcpProxy
}

export const WEBHOOK_KEY = 'key_of_the_webhook_badge'
const PEOPLE = 8

export async function openWorld(databaseUrl: string): Promise<World> {
  await using stack = new AsyncDisposableStack()
  const redis = stack.use(await startRedis())
  const first = await openOrganization(databaseUrl)
  const second = await openOrganization(databaseUrl)
  const url = new URL(databaseUrl)
  const secondDatabase = stack.use(await openTcpProxy({ port: Number(url.port || 5432) }))
  const start = (address: string) =>
    startGateway({
      databaseUrl: address,
      redisUrl: redis.url,
      environment: { TRUST_PROXY: '1', LOG_LEVEL: 'fatal', TEST_ONLY_PRIVATE_WEBHOOKS: 'on' },
    })
  const gateways: World['gateways'] = [
    stack.use(await start(databaseUrl)),
    stack.use(await start(throughPort(url, secondDatabase.port))),
  ]
  const opened = stack.move()
  return {
    gateways,
    organizations: [first, second],
    integrationId: first.integrationId,
    redis,
    secondDatabase,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

function throughPort(url: URL, port: number): string {
  const proxied = new URL(url)
  proxied.host = `127.0.0.1:${port}`
  return proxied.href
}

async function openOrganization(databaseUrl: string): Promise<Organization & { integrationId: string }> {
  await using db = openDatabase({ url: databaseUrl })
  const tenant = await addTenant(db)
  const { organizationId, locationId } = tenant
  const people: string[] = []
  for (let index = 0; index < PEOPLE; index++) {
    people.push((await addResource(tenant, { name: `Person ${index}`, weeklyHours: ALWAYS_OPEN })).id)
  }
  const service = await addService(tenant, [staffed(people)])
  const key = (kind: 'PUBLISHABLE' | 'SECRET') => tenant.write((tx) => createApiKey(tx, { organizationId, kind }))
  const connection = {
    ...{ locationId, apiKey: WEBHOOK_KEY, language: 'de' as const, functions: [], serviceNames: [], holdSeconds: null },
  }
  const { id } = await tenant.write((tx) => connectRetell(tx, connection))
  return {
    publishableKey: (await key('PUBLISHABLE')).key,
    secretKey: (await key('SECRET')).key,
    serviceId: encodeId('service', service.id),
    integrationId: id,
  }
}

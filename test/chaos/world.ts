// The world of the chaos test: PostgreSQL, a bus and two gateways in processes of their own, behind networks to cut.

import { openDatabase } from '../../src/db/client.ts'
import { migrate } from '../../src/db/migrate.ts'
import { WEEKDAYS } from '../../src/domain/catalogue/definitions.ts'
import { createApiKey } from '../../src/domain/people/api-keys.ts'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/embedded/postgres.ts'
import { createLogger } from '../../src/runtime/logger.ts'
import { encodeId } from '../../src/schema/machinery/ids.ts'
import { startRedisCluster, type TestCluster } from '../realtime/redis-cluster.ts'
import { type GatewayProcess, startGateway } from '../support/gateway-process.ts'
import { findFreePort, startRedis, type TestRedis } from '../support/redis.ts'
import { openTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts'
import { openTemporaryFolder } from '../support/temporary-folder.ts'
import { addResource, addService, addTenant, staffed } from '../support/tenant.ts'

export interface ChaosWorld extends AsyncDisposable {
  key: string
  services: string[]
  resources: string[]
  /** What clients connect to; each leads to one gateway. */
  networks: TcpProxy[]
  gateways: Gateway[]
  redis: TestRedis | null
  cluster: TestCluster | null
  restartPostgres: (whileAway: () => Promise<void>) => Promise<void>
}

interface Gateway {
  process: () => GatewayProcess
  /** Started again after its end; the network leads to it. */
  restart: () => Promise<void>
}

const OPEN = WEEKDAYS.map((weekday) => ({ weekday, opensAt: 8 * 60, closesAt: 18 * 60 }))
const PEOPLE = 6

export async function openChaosWorld({ bus }: { bus: 'single' | 'cluster' }): Promise<ChaosWorld> {
  await using stack = new AsyncDisposableStack()
  const folder = stack.use(await openTemporaryFolder())
  const port = await findFreePort()
  const start = () => startEmbeddedPostgres({ dataDirectory: folder.path, port, logger: createLogger('warn') })
  let postgres: EmbeddedPostgres = await start()
  stack.defer(() => postgres[Symbol.asyncDispose]())
  await migrate(postgres.url)
  const salon = await openSalon(postgres.url)
  const redis = bus === 'single' ? stack.use(await startRedis()) : null
  const cluster = bus === 'cluster' ? stack.use(await startRedisCluster({ count: 4, masters: 3 })) : null
  const redisUrl = redis?.url ?? cluster?.urls.join(',')
  const launch = () => startGateway({ databaseUrl: postgres.url, redisUrl })

  const networks: TcpProxy[] = []
  const gateways: Gateway[] = []
  for (let index = 0; index < 2; index++) {
    let running = await launch()
    stack.defer(() => running[Symbol.asyncDispose]())
    const network = stack.use(await openTcpProxy({ port: portOf(running) }))
    networks.push(network)
    gateways.push({
      process: () => running,
      async restart() {
        running = await launch()
        network.target = { port: portOf(running) }
      },
    })
  }
  const opened = stack.move()
  return {
    ...salon,
    networks,
    gateways,
    redis,
    cluster,
    async restartPostgres(whileAway) {
      await postgres[Symbol.asyncDispose]()
      await whileAway()
      postgres = await start()
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

/** Two single services, one of two segments, and one that a part of the team offers. */
async function openSalon(url: string): Promise<Pick<ChaosWorld, 'key' | 'services' | 'resources'>> {
  await using db = openDatabase({ url })
  const tenant = await addTenant(db)
  const { organizationId } = tenant
  const people: string[] = []
  for (let index = 0; index < PEOPLE; index++) {
    people.push((await addResource(tenant, { name: `Person ${index}`, weeklyHours: OPEN })).id)
  }
  const services = [
    await addService(tenant, [staffed(people)]),
    await addService(tenant, [staffed(people, { durationMinutes: 45, bufferAfterMinutes: 15 })]),
    await addService(tenant, [staffed(people.slice(0, 2)), staffed(people.slice(2), { durationMinutes: 15 })]),
    await addService(tenant, [staffed(people.slice(0, 1), { bufferBeforeMinutes: 5 })]),
  ]
  const { key } = await tenant.write((tx) => createApiKey(tx, { organizationId, kind: 'SECRET' }))
  return {
    key,
    services: services.map(({ id }) => encodeId('service', id)),
    resources: people.map((id) => encodeId('resource', id)),
  }
}

function portOf({ url }: GatewayProcess): number {
  return Number(new URL(url).port)
}

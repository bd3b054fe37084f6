import { readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestDatabase } from '../support/database.ts'
import { type GatewayProcess, startGateway } from '../support/gateway-process.ts'
import { requestGraphql } from '../support/graphql-request.ts'
import { startRedis } from '../support/redis.ts'
import { runCommand } from '../support/run-command.ts'
import { openTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts'

let folder: TemporaryFolder
let gateway: GatewayProcess

beforeAll(async () => {
  folder = await openTemporaryFolder()
  gateway = await startEmbedded()
})

afterAll(async () => {
  await gateway?.stop()
  await folder[Symbol.asyncDispose]()
})

test('without DATABASE_URL a demo is there, with keys that work and that only its owner can read', async () => {
  const file = path.join(folder.path, 'demo.json')
  expect((await stat(file)).mode & 0o777).toBe(0o600)
  const demo = await readDemo()
  expect(demo.graphql).toBe(gateway.graphqlUrl)
  for (const key of [demo.publishableKey, demo.secretKey])
    expect(await readOrganizationId(key)).toBe(demo.organizationId)
  expect(gateway.log()).toContain(`GraphiQL is at ${gateway.graphqlUrl}`)
})

test('a second gateway on the same data folder is refused in one clear sentence', async () => {
  const { exitCode, stdout, stderr } = await runCommand(['serve'], { DATA_DIR: folder.path, PORT: '0' })
  expect(exitCode).toBe(1)
  expect(stdout).toBe('')
  expect(stderr.trimEnd().split('\n')).toEqual([
    expect.stringMatching(`is already in use by process ${gateway.pid}: stop that one`),
  ])
})

test('a command works on the database of the gateway that runs', async () => {
  const { stdout } = await runCommand(['create-organization', '--name', 'Another'], { DATA_DIR: folder.path })
  const created = JSON.parse(stdout)
  expect(await readOrganizationId(created.secretKey)).toBe(created.organizationId)
})

test('a busy port is one clear sentence, and nothing is left running', async () => {
  await using database = await openTestDatabase()
  const { port } = new URL(gateway.url)
  const environment = { DATABASE_URL: database.url, PORT: port, HOST: '127.0.0.1' }
  const { exitCode, stdout, stderr } = await runCommand(['serve'], environment)
  expect(exitCode).toBe(1)
  expect(stdout).toBe('')
  expect(stderr.trimEnd().split('\n')).toEqual([expect.stringMatching(`^Port ${port} is already in use\\.`)])
})

test('a restart keeps the data and the keys, also after the gateway was killed', async () => {
  const before = await readDemo()
  await gateway.kill()
  gateway = await startEmbedded()
  expect(await readDemo()).toEqual({ ...before, graphql: gateway.graphqlUrl })
  expect(await gateway.stop()).toBe(0)
  gateway = await startEmbedded()
  expect(await readDemo()).toEqual({ ...before, graphql: gateway.graphqlUrl })
  expect(await readOrganizationId(before.secretKey)).toBe(before.organizationId)
})

test('SIGTERM closes everything: the port and the database are free', async () => {
  const { port } = new URL(gateway.url)
  expect(await gateway.stop()).toBe(0)
  gateway = await startEmbedded({ PORT: port })
  expect(new URL(gateway.url).port).toBe(port)
})

test('metrics are served on a port of their own, and what is done is counted', async () => {
  const address = /"metrics":"([^"]+)"/.exec(gateway.log())?.[1]
  expect(address).toBeDefined()
  expect(new URL(address ?? '').port).not.toBe(new URL(gateway.url).port)
  const counted = async () => {
    const text = await (await fetch(address ?? '')).text()
    return Number(
      /^slotwire_graphql_fields_total\{field="Query\.organization",outcome="ok"\} (\d+)$/m.exec(text)?.[1] ?? 0,
    )
  }
  const before = await counted()
  await readOrganizationId((await readDemo()).secretKey)
  expect(await counted()).toBe(before + 1)
  // This one uses no Redis: nothing to be alarmed about.
  expect(await (await fetch(address ?? '')).text()).toMatch(/^slotwire_bus_reliable 1$/m)
  const response = await fetch(`${gateway.url}/metrics`)
  expect(response.status).toBe(404)
  expect((await fetch(address ?? '', { method: 'POST' })).status).toBe(405)
})

test('a Redis that is away keeps no gateway from starting', async () => {
  await using database = await openTestDatabase()
  await using redis = await startRedis()
  await redis.stop()
  await using alone = await startGateway({ databaseUrl: database.url, redisUrl: redis.url })
  expect(await alone.stop()).toBe(0)
})

function startEmbedded(environment: Record<string, string> = {}): Promise<GatewayProcess> {
  const common = { DATA_DIR: folder.path, METRICS_PORT: '0' }
  return startGateway({ databaseUrl: null, environment: { ...common, ...environment } })
}

async function readDemo() {
  return JSON.parse(await readFile(path.join(folder.path, 'demo.json'), 'utf8')) as {
    graphql: string
    publishableKey: string
    secretKey: string
    organizationId: string
  }
}

async function readOrganizationId(key: string): Promise<string | undefined> {
  const query = '{ organization { id } }'
  const { data } = await requestGraphql<{ organization: { id: string } }>(gateway.url, { query, key })
  return data?.organization.id
}

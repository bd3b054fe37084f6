import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { execute, openTestDatabase, type TestDatabase, withDatabase } from '../support/database.ts'
import { findFreePort } from '../support/redis.ts'
import { runCommand } from '../support/run-command.ts'

let database: TestDatabase

beforeAll(async () => {
  database = await openTestDatabase()
})

afterAll(() => database[Symbol.asyncDispose]())

test.concurrent.each([
  [[], 'A command is missing.'],
  [['server'], 'There is no command "server".'],
  [['toString'], 'There is no command "toString".'],
  [['serve', 'now'], '"now" is one argument too many.'],
  [['serve', '--nam', 'x'], "Unknown option '--nam'."],
  [['serve', '--name', 'x'], 'The command serve takes no --name.'],
  [['create-organization'], 'The command create-organization needs --name.'],
  [['create-key', '--organization', 'x', '--kind', 'public'], '--kind must be secret or publishable, not "public".'],
])('%j is one clear sentence and the usage, with exit code 2', async (parameters, sentence) => {
  const { exitCode, stdout, stderr } = await runCommand(parameters)
  expect(exitCode).toBe(2)
  expect(stdout).toBe('')
  expect(stderr.split('\n')[0]).toBe(sentence)
  expect(stderr).toContain('Usage: slotwire COMMAND')
})

test('bad variables are one line with all faults, and exit code 1', async () => {
  const { exitCode, stdout, stderr } = await runCommand(['serve'], { PORT: 'http', MIGRATE: 'perhaps' })
  expect(exitCode).toBe(1)
  expect(stdout).toBe('')
  expect(stderr.trimEnd().split('\n')).toEqual([expect.stringMatching(/PORT must be .*MIGRATE must be/)])
})

test('an organization is made with its first keys, and gets further ones', async () => {
  const environment = { DATABASE_URL: database.url }
  const made = await runCommand(['create-organization', '--name', 'Salon'], environment)
  expect(made.exitCode).toBe(0)
  const organization = JSON.parse(made.stdout)
  expect(organization).toEqual({
    organizationId: expect.stringMatching(/^organization_[0-9a-f-]{36}$/),
    publishableKey: expect.stringMatching(/^pk_/),
    secretKey: expect.stringMatching(/^sk_/),
  })

  const { organizationId } = organization
  const createKey = async (organizationIdForm: string, kind: string) => {
    const parameters = ['create-key', '--organization', organizationIdForm, '--kind', kind]
    return JSON.parse((await runCommand(parameters, environment)).stdout)
  }
  expect(await createKey(organizationId, 'secret')).toEqual({
    keyId: expect.any(String),
    kind: 'secret',
    organizationId,
    secretKey: expect.stringMatching(/^sk_/),
  })
  expect(await createKey(organizationId.replace('organization_', ''), 'publishable')).toEqual({
    keyId: expect.any(String),
    kind: 'publishable',
    organizationId,
    publishableKey: expect.stringMatching(/^pk_/),
  })
})

test('a key is listed without itself, and revoked by its id', async () => {
  const environment = { DATABASE_URL: database.url }
  const run = async (...parameters: string[]) => {
    const { exitCode, stdout, stderr } = await runCommand(parameters, environment)
    return exitCode === 0 ? JSON.parse(stdout) : stderr
  }
  const { organizationId, secretKey } = await run('create-organization', '--name', 'Salon')
  const [{ keyId }] = await run('list-keys', '--organization', organizationId)
  const revoke = (key: string) => run('revoke-key', '--organization', organizationId, '--key', key)
  const [revoked, malformed, unknown] = await Promise.all([keyId, 'pk_1', UUID].map(revoke))
  expect(revoked).toEqual({ keyId, revoked: true })
  expect(malformed).toMatch(/^"pk_1" is not the id of a key/)
  expect(unknown).toMatch(/^organization_\S+ has no key /)
  const listed = await run('list-keys', '--organization', organizationId)
  const instant = expect.stringMatching(/^\d{4}-.*Z$/)
  expect(listed).toHaveLength(2)
  expect(listed[0]).toMatchObject({ keyId, createdAt: instant, revokedAt: instant })
  expect(listed[1]).toMatchObject({ createdAt: instant, revokedAt: null })
  expect(JSON.stringify(listed)).not.toContain(secretKey.slice(3))
})

test.concurrent.each([
  ['organization_01a20b86-26a8-72a7-9d62-2ce32e552346', /^There is no organization organization_01a20b86-/],
  ['service_01a20b86-26a8-72a7-9d62-2ce32e552346', /is not the id of an organization/],
  ['42', /^"42" is not the id of an organization/],
])('there is no key for the organization %s', async (organizationId, sentence) => {
  const parameters = ['create-key', '--organization', organizationId, '--kind', 'secret']
  expect(await runCommand(parameters, { DATABASE_URL: database.url })).toMatchObject({
    exitCode: 1,
    stdout: '',
    stderr: expect.stringMatching(sentence),
  })
})

test.concurrent.each([
  ['a server that is not there', async () => `postgres://user:hidden@127.0.0.1:${await findFreePort()}/name`],
  ['a database that is not there', async () => withDatabase(inject('postgres').url, 'no_such_database')],
  ['a Redis', async () => `${inject('redisUrl').replace('redis:', 'postgres:')}?connect_timeout=1`],
])('%s as DATABASE_URL is one clear sentence without the password', async (_, findUrl) => {
  const { exitCode, stdout, stderr } = await runCommand(['serve'], { DATABASE_URL: await findUrl() })
  expect(exitCode).toBe(1)
  expect(stdout).toBe('')
  expect(stderr.trimEnd().split('\n')).toEqual([expect.stringMatching(/^The database .* cannot be used \(.*\)/)])
  expect(stderr).not.toContain('hidden')
})

test('check says what is wrong, and migrate mends what it can', async () => {
  const { url } = inject('postgres')
  const name = `slotwire_check_${Date.now()}`
  const environment = { DATABASE_URL: withDatabase(url, name), REDIS_URL: inject('redisUrl') }
  await execute(url, `create database ${name} template template0`)
  await using stack = new AsyncDisposableStack()
  stack.defer(() => execute(url, `drop database ${name} with (force)`))

  const before = await runCommand(['check'], environment)
  expect(before.exitCode).toBe(1)
  expect(namesOf(before.stdout)).toEqual({ configuration: true, database: true, migrations: false, redis: true })

  const refused = await runCommand(['serve'], { ...environment, MIGRATE: 'off' })
  expect(refused).toMatchObject({
    exitCode: 1,
    stderr: expect.stringMatching(/^The database lacks \d+ of the migrations/),
  })

  expect(await runCommand(['migrate'], environment)).toMatchObject({ exitCode: 0, stdout: '{"migrated":true}\n' })
  // Also those of the jobs, which come with a library.
  const last = '(select max(id) from graphile_worker.migrations)'
  await execute(environment.DATABASE_URL, `update graphile_worker.migrations set id = -1 where id = ${last}`)
  const withoutJobs = await runCommand(['serve'], { ...environment, MIGRATE: 'off' })
  expect(withoutJobs).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(/^The database lacks 1 of the/) })
  await execute(environment.DATABASE_URL, `update graphile_worker.migrations set id = ${last} + 1 where id = -1`)

  const after = await runCommand(['check'], environment)
  expect(after.exitCode).toBe(0)
  expect(JSON.parse(after.stdout).ok).toBe(true)

  const without = await runCommand(['check'], {
    ...environment,
    REDIS_URL: `redis://127.0.0.1:${await findFreePort()}`,
  })
  expect(without.exitCode).toBe(1)
  expect(namesOf(without.stdout)).toMatchObject({ claims: true, redis: false })

  const bad = await runCommand(['check'], { PORT: 'x' })
  expect(bad.exitCode).toBe(1)
  expect(namesOf(bad.stdout)).toEqual({ configuration: false })
})

test('check finds claims that overlap without the constraint that refuses them', async () => {
  await using own = await openTestDatabase()
  const claim = (from: string, to: string, active: boolean) => `
    insert into claims (organization_id, id, resource_id, during, segment_position, group_position, hold_id, active)
    values ('${UUID}', gen_random_uuid(), '${UUID}', '[2027-01-01 ${from}Z,2027-01-01 ${to}Z)', 0, 0, '${UUID}', ${active})`
  await execute(
    own.url,
    'alter table claims drop constraint claims_no_overlap',
    'set session_replication_role = replica',
    claim('09:00', '12:00', true),
    claim('10:00', '10:30', true),
    claim('11:00', '11:30', false),
    claim('11:30', '12:30', true),
    claim('12:30', '13:00', true),
  )
  const { exitCode, stdout } = await runCommand(['check'], { DATABASE_URL: own.url })
  expect(exitCode).toBe(1)
  expect(JSON.parse(stdout).checks).toContainEqual({
    name: 'claims',
    ok: false,
    message: '2 active claims overlap another of the same resource.',
  })
})

const UUID = '01a20b86-26a8-72a7-9d62-2ce32e552346'

function namesOf(stdout: string): Record<string, boolean> {
  const { checks } = JSON.parse(stdout) as { checks: { name: string; ok: boolean }[] }
  return Object.fromEntries(checks.map(({ name, ok }) => [name, ok]))
}

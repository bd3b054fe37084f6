import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Database, openDatabase } from '../../../src/db/client.ts'
import { createApiKey, revokeApiKey } from '../../../src/domain/people/api-keys.ts'
import { createKeyring } from '../../../src/domain/people/keyring.ts'
import { sealToken } from '../../../src/domain/people/sealed-tokens.ts'
import { openTenant, type Tenant } from '../../support/tenant.ts'
import { until } from '../../support/until.ts'

let tenant: Tenant
beforeAll(async () => {
  tenant = await openTenant()
})
afterAll(() => tenant[Symbol.asyncDispose]())

const create = () =>
  tenant.write((tx) => createApiKey(tx, { organizationId: tenant.organizationId, kind: 'SECRET' as const }))

/** A keyring on a clock that stands still until it is moved, over a database that counts its transactions. */
function openKeyring({ keptLimit }: { keptLimit?: number } = {}) {
  const clock = { now: 0 }
  let reads = 0
  const { connections } = tenant.db
  const acquire = () => {
    reads++
    return connections.acquire()
  }
  const db: Database = { ...tenant.db, connections: { ...connections, acquire } }
  return { clock, keyring: createKeyring(db, { now: () => clock.now, keptLimit }), reads: () => reads }
}

const unknownKey = (index = 0) => sealToken('sk_', String(index).padStart(43, 'x'))

describe('a keyring', () => {
  test('tells who calls', async () => {
    const { keyring } = openKeyring()
    const { id, key } = await create()
    expect(await keyring.authenticate(key)).toEqual({
      organizationId: tenant.organizationId,
      kind: 'SECRET',
      id: `key:${id}`,
      appointmentId: null,
      actor: `secret key ${id}`,
      origin: 'API',
    })
    expect(await keyring.authenticate(unknownKey())).toBeNull()
  })

  test('asks the database once for a key, however many callers come with it at once and after', async () => {
    const { keyring, reads } = openKeyring()
    const { key } = await create()
    const callers = await Promise.all(Array.from({ length: 100 }, () => keyring.authenticate(key)))
    expect(callers.every((caller) => caller !== null)).toBe(true)
    await keyring.authenticate(key)
    expect(reads()).toBe(1)
  })

  test('asks once for all the keys that come while it is asking', async () => {
    const { keyring, reads } = openKeyring()
    const keys = await Promise.all(Array.from({ length: 20 }, create))
    const callers = await Promise.all(keys.map(({ key }) => keyring.authenticate(key)))
    expect(callers.map((caller) => caller?.id)).toEqual(keys.map(({ id }) => `key:${id}`))
    expect(reads()).toBe(2)
  })

  test('answers from memory while it reads again what is about to grow old', async () => {
    const { keyring, reads, clock } = openKeyring()
    const { key } = await create()
    await keyring.authenticate(key)
    clock.now = 500
    expect(await keyring.authenticate(key)).not.toBeNull()
    await until(() => reads() === 2)
    await until(async () => (await keyring.authenticate(key)) !== null && reads() === 2)
    clock.now = 850
    expect(await keyring.authenticate(key)).not.toBeNull()
  })

  test('lets nobody in with a revoked key a second later, whether the key is in use or not', async () => {
    const { keyring, clock } = openKeyring()
    const { id, key } = await create()
    expect(await keyring.authenticate(key)).not.toBeNull()
    await tenant.write((tx) => revokeApiKey(tx, { apiKeyId: id }))
    clock.now = 1000
    expect(await keyring.authenticate(key)).toBeNull()
  })

  test('lets nobody in with a revoked key a second later by the real clock, under constant use', async () => {
    const keyring = createKeyring(tenant.db)
    const { id, key } = await create()
    await keyring.authenticate(key)
    await tenant.write((tx) => revokeApiKey(tx, { apiKeyId: id }))
    const revokedAt = performance.now()
    await until(async () => (await keyring.authenticate(key)) === null, { intervalMs: 1, deadlineMs: 2000 })
    expect(performance.now() - revokedAt).toBeLessThan(1000)
  })

  test('does not let a caller join a read that began a second before', async () => {
    const { keyring, clock, reads } = openKeyring()
    const { key } = await create()
    const first = keyring.authenticate(key)
    clock.now = 300
    const second = keyring.authenticate(key)
    clock.now = 1000
    const third = keyring.authenticate(key)
    expect(await Promise.all([first, second, third])).not.toContain(null)
    expect(reads()).toBe(2)
  })

  test('asks for an invented key once a while, and for what is no key never', async () => {
    const { keyring, reads } = openKeyring()
    for (let turn = 0; turn < 5; turn++) expect(await keyring.authenticate(unknownKey())).toBeNull()
    expect(reads()).toBe(1)
    for (const key of ['', 'hello', 'Bearer x', 'sk_', `sk_${'x'.repeat(10_000)}`]) {
      expect(await keyring.authenticate(key)).toBeNull()
    }
    expect(reads()).toBe(1)
  })

  test('forgets the oldest beyond its limit, and invented keys push no real one out', async () => {
    const { keyring, reads } = openKeyring({ keptLimit: 3 })
    const { key } = await create()
    await keyring.authenticate(key)
    for (let index = 0; index < 10; index++) await keyring.authenticate(unknownKey(index))
    expect(reads()).toBe(11)
    await keyring.authenticate(key)
    await keyring.authenticate(unknownKey(9))
    expect(reads()).toBe(11)
    await keyring.authenticate(unknownKey(0))
    expect(reads()).toBe(12)
  })

  test('passes on that the database is away, and works again when it is back', async () => {
    const { key } = await create()
    let isAway = true
    const away = openDatabase({ url: 'postgres://nobody@127.0.0.1:1/none' })
    const db: Database = {
      ...tenant.db,
      get connections() {
        return isAway ? away.connections : tenant.db.connections
      },
    }
    const keyring = createKeyring(db)
    await expect(Promise.all([keyring.authenticate(key), keyring.authenticate(key)])).rejects.toMatchObject({
      code: 'ECONNREFUSED',
    })
    isAway = false
    expect(await keyring.authenticate(key)).not.toBeNull()
    await away[Symbol.asyncDispose]()
  })
})

import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { asSystem } from '../../../src/db/transaction.ts'
import { type ApiKeyKind, createApiKey, findApiKey, revokeApiKey } from '../../../src/domain/people/api-keys.ts'
import { createOrganization, loadOrganization, organizationExists } from '../../../src/domain/people/organizations.ts'
import { NotFoundError } from '../../../src/domain/vocabulary/refusals.ts'
import { addTenant, issuesOf, openTenant, type Tenant } from '../../support/tenant.ts'

let tenant: Tenant
beforeAll(async () => {
  tenant = await openTenant()
})
afterAll(() => tenant[Symbol.asyncDispose]())

const create = (kind: ApiKeyKind = 'SECRET') =>
  tenant.write((tx) => createApiKey(tx, { organizationId: tenant.organizationId, kind }))

describe('an API key', () => {
  test.for([
    ['SECRET', /^sk_1[A-Za-z0-9_-]{49}$/],
    ['PUBLISHABLE', /^pk_1[A-Za-z0-9_-]{49}$/],
  ] as const)('that is %s is found by whoever has it', async ([kind, shape]) => {
    const { key, ...record } = await create(kind)
    expect(key).toMatch(shape)
    expect(await findApiKey(tenant.db, key)).toEqual(record)
    expect(record).toEqual({ id: expect.any(String), organizationId: tenant.organizationId, kind })
  })

  test('is not in the database, only its hash', async () => {
    const { id, key } = await create()
    const [row] = await tenant.db.sql`select k::text as stored, hash from api_keys k where id = ${id}`
    expect(row?.stored).not.toContain(key.slice(3))
    expect(row?.hash).toMatch(/^[0-9a-f]{64}$/)
  })

  test('that is revoked is not found, and may be revoked again', async () => {
    const { id, key } = await create()
    await tenant.write((tx) => revokeApiKey(tx, { apiKeyId: id }))
    expect(await findApiKey(tenant.db, key)).toBeNull()
    const revokedAt = () => tenant.db.sql`select revoked_at from api_keys where id = ${id}`
    const before = await revokedAt()
    await tenant.write((tx) => revokeApiKey(tx, { apiKeyId: id }))
    expect([...(await revokedAt())]).toEqual([...before])
  })

  test('cannot be revoked by another organization', async () => {
    const { id, key } = await create()
    const other = await addTenant(tenant.db)
    await expect(other.write((tx) => revokeApiKey(tx, { apiKeyId: id }))).rejects.toThrow(NotFoundError)
    expect(await findApiKey(tenant.db, key)).not.toBeNull()
  })

  test('cannot be made for an organization that does not exist, nor for another one', async () => {
    const other = await addTenant(tenant.db)
    const forOrganization = (organizationId: string) => createApiKeyFor(organizationId)
    await expect(forOrganization(randomUUID())).rejects.toThrow(NotFoundError)
    await expect(forOrganization(other.organizationId)).rejects.toThrow(NotFoundError)
    const unknown = asSystem(tenant.db, (tx) => createApiKey(tx, { organizationId: randomUUID(), kind: 'SECRET' }))
    await expect(unknown).rejects.toThrow(NotFoundError)
  })

  test.for([
    '',
    'sk_',
    'sk_short',
    'xx_0123456789012345678901234567890123456789012',
    `sk_${'x'.repeat(43)}`,
    `sk_${'\0'.repeat(43)}`,
  ])('that nobody made is not found: %j', async (key) => {
    expect(await findApiKey(tenant.db, key)).toBeNull()
  })
})

const createApiKeyFor = (organizationId: string) =>
  tenant.write((tx) => createApiKey(tx, { organizationId, kind: 'SECRET' }))

describe('an organization', () => {
  test('is made with its first keys and is known by its name', async () => {
    const made = await asSystem(tenant.db, (tx) => createOrganization(tx, { name: ' Bar ber ' }))
    expect(await findApiKey(tenant.db, made.publishableKey)).toMatchObject({
      organizationId: made.organizationId,
      kind: 'PUBLISHABLE',
    })
    expect(await findApiKey(tenant.db, made.secretKey)).toMatchObject({ kind: 'SECRET' })
    const exists = (id: string) => asSystem(tenant.db, (tx) => organizationExists(tx, id))
    expect(await exists(made.organizationId)).toBe(true)
    expect(await exists(randomUUID())).toBe(false)
    expect(await tenant.read(loadOrganization)).toEqual({ id: tenant.organizationId, name: 'Salon' })
  })

  test('needs a name', async () => {
    expect(await issuesOf(asSystem(tenant.db, (tx) => createOrganization(tx, { name: ' ' })))).toHaveLength(1)
  })

  test('signs with a secret of its own', async () => {
    await addTenant(tenant.db)
    const rows = await tenant.db.sql<{ token_secret: string }[]>`select token_secret from organizations`
    expect(new Set(rows.map((row) => row.token_secret)).size).toBe(rows.length)
    expect(rows.every((row) => row.token_secret.length >= 43)).toBe(true)
  })
})

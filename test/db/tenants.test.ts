import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { asSystem, inTransaction, type Tx } from '../../src/db/transaction.ts'
import { addResource, addTenant, openTenant, type Tenant } from '../support/tenant.ts'

let tenant: Tenant
let other: Awaited<ReturnType<typeof addTenant>>
let tables: string[]

beforeAll(async () => {
  tenant = await openTenant()
  other = await addTenant(tenant.db)
  tables = await listTables()
  for (const { organizationId } of [tenant, other]) await fill(organizationId)
})
afterAll(() => tenant[Symbol.asyncDispose]())

/** An array, if it is none of these. */
const VALUES: Record<string, string> = {
  uuid: 'gen_random_uuid()',
  int2: '1',
  int4: '1',
  int8: '1',
  bool: 'true',
  jsonb: `'{}'`,
  date: 'current_date',
  timestamptz: 'now()',
  tstzrange: `'[2027-05-03 10:00+00,2027-05-03 11:00+00)'`,
  xid8: 'pg_current_xact_id()',
}

/** A feed is of a resource or of an appointment, never of both. */
const LEFT_OUT = ['calendar_feeds.appointment_id']

/** A row of the organization in every table, whatever it may mean: foreign keys are off. */
async function fill(organizationId: string): Promise<void> {
  await tenant.db.sql.begin(async (sql) => {
    await sql`set local session_replication_role = replica`
    for (const table of tables) {
      const columns = await sql<{ name: string; type: string; label: string | null }[]>`
        select attname as name, typname as type, (select min(enumlabel) from pg_enum where enumtypid = t.oid) as label
        from pg_attribute a join pg_type t on t.oid = a.atttypid
        where attrelid = ${table}::text::regclass and attnum > 0 and not attisdropped and attgenerated = ''
          and (attnotnull or typname = 'uuid') and ${table}::text || '.' || attname <> all(${LEFT_OUT}::text[])`
      const values = columns.map(({ name, type, label }) =>
        name === 'organization_id' || type === 'text'
          ? `'${organizationId}'`
          : label
            ? `'${label}'`
            : (VALUES[type] ?? "'{}'"),
      )
      await sql.unsafe(`insert into ${table} (${columns.map(({ name }) => `"${name}"`)}) values (${values})
                        on conflict do nothing`)
    }
  })
}

/** About the database and its processes, of no tenant. */
const OF_NO_TENANT = ['bus_secret', 'change_log_epoch', 'job_workers']

async function listTables(): Promise<string[]> {
  const rows = await tenant.db.sql<{ name: string }[]>`
    select c.relname as name from pg_class c
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and c.relname <> all(${OF_NO_TENANT}::text[]) order by 1`
  return rows.map(({ name }) => name)
}

const count = async (tx: Tx, table: string) => {
  const [row] = await tx.sql<{ rows: number; organizations: number }[]>`
    select count(*)::int as rows, count(distinct organization_id)::int as organizations from ${tx.sql(table)}`
  return row
}

describe('every table', () => {
  test('has its organization first in its primary key', async () => {
    const rows = await tenant.db.sql<{ name: string }[]>`
      select c.relname as name from pg_index i
      join pg_class c on c.oid = i.indrelid and c.relnamespace = 'public'::regnamespace
      join pg_attribute a on a.attrelid = c.oid and a.attnum = i.indkey[0]
      where i.indisprimary and a.attname = 'organization_id' order by 1`
    expect(rows.map(({ name }) => name)).toEqual(tables)
  })

  test('has forced row security with a policy for the application by tenant and one for the system', async () => {
    const rows = await tenant.db.sql`
      select c.relname as name, c.relrowsecurity and c.relforcerowsecurity as forced,
        (select jsonb_object_agg(p.policyname, jsonb_build_array(p.roles, p.cmd, p.qual, p.with_check))
         from pg_policies p where p.schemaname = 'public' and p.tablename = c.relname) as policies
      from pg_class c where c.relname = any(${tables}) and c.relnamespace = 'public'::regnamespace order by 1`
    const byTenant = expect.stringMatching(/organization_id = .*current_setting\('slotwire\.organization_id'/)
    expect(rows).toHaveLength(tables.length)
    for (const { name, forced, policies } of rows) {
      expect({ name, forced, policies }).toEqual({
        name,
        forced: true,
        policies: {
          tenant: [['slotwire_app'], 'ALL', byTenant, byTenant],
          system: [['slotwire_system'], 'ALL', 'true', 'true'],
        },
      })
    }
  })

  test('shows an organization its own rows and nothing else', async () => {
    for (const table of tables) {
      expect([table, await tenant.read((tx) => count(tx, table))]).toEqual([
        table,
        { rows: expect.any(Number), organizations: 1 },
      ])
    }
  })

  test('shows nothing when no organization is named, and everything to the system', async () => {
    for (const table of tables) {
      expect(await inTransaction(tenant.db, '', (tx) => count(tx, table))).toEqual({ rows: 0, organizations: 0 })
      expect(await asSystem(tenant.db, (tx) => count(tx, table))).toMatchObject({ organizations: 2 })
    }
  })

  test('keeps the rows of another organization from being changed or removed', async () => {
    for (const table of tables) {
      const owned = async () => {
        const [row] = await tenant.db.sql`
          select count(*)::int from ${tenant.db.sql(table)} where organization_id = ${other.organizationId}`
        return row?.count
      }
      const before = await owned()
      const attack = (statement: string) =>
        tenant.write((tx) => tx.sql.unsafe(statement, [other.organizationId])).catch((error) => ({ error }))
      for (const statement of [
        `update ${table} set organization_id = organization_id where organization_id = $1`,
        `delete from ${table} where organization_id = $1`,
      ]) {
        const result = await attack(statement)
        if ('error' in result) expect(result.error.message).toContain('permission denied')
        else expect([statement, result.count]).toEqual([statement, 0])
      }
      expect(await owned()).toBe(before)
    }
  })

  test('takes no row for another organization', async () => {
    for (const table of tables) {
      const columns = await tenant.db.sql<{ name: string }[]>`
        select attname as name from pg_attribute
        where attrelid = ${table}::text::regclass and attnum > 0 and not attisdropped and attgenerated = ''`
      const names = columns.map(({ name }) => `"${name}"`)
      const values = names.map((name) => (name === '"organization_id"' ? '$1::uuid' : name))
      const forge = tenant.write((tx) =>
        tx.sql.unsafe(`insert into ${table} (${names}) select ${values} from ${table} limit 1`, [other.organizationId]),
      )
      await expect(forge, table).rejects.toThrow(/row-level security/)
    }
  })
})

describe('a reference', () => {
  test('never leads to a row of another organization', async () => {
    const stranger = await addResource(other)
    const [location] = await tenant.db.sql`
      select id from locations where organization_id = ${other.organizationId}`
    const statements = [
      (tx: Tx) => tx.sql`
        insert into resources (organization_id, id, location_id, kind, name)
        values (${tx.organizationId}, ${randomUUID()}, ${location?.id}, 'STAFF', 'X')`,
      (tx: Tx) => tx.sql`
        insert into time_off (organization_id, id, resource_id, during)
        values (${tx.organizationId}, ${randomUUID()}, ${stranger.id}, '[2027-01-01,2027-01-02)')`,
    ]
    for (const statement of statements) {
      await expect(tenant.write(async (tx) => statement(tx))).rejects.toThrow('foreign key')
    }
  })
})

test('the roles own nothing and cannot log in', async () => {
  const rows = await tenant.db.sql`
    select rolname, rolcanlogin, rolsuper, rolbypassrls,
      exists (select from pg_class where relowner = r.oid) as owns
    from pg_roles r where rolname in ('slotwire_app', 'slotwire_system') order by 1`
  const powerless = { rolcanlogin: false, rolsuper: false, rolbypassrls: false, owns: false }
  expect([...rows]).toEqual([
    { rolname: 'slotwire_app', ...powerless },
    { rolname: 'slotwire_system', ...powerless },
  ])
})

test('the tenant and the role end with their transaction', async () => {
  const { connections } = tenant.db
  await tenant.write(async (tx) => tx.sql`select 1`)
  const connection = await connections.acquire()
  const [row] = await connection.sql`
    select current_setting('slotwire.organization_id', true) as tenant, current_user = session_user as "isItself"`
  connections.release(connection)
  expect(row).toEqual({ tenant: '', isItself: true })
})

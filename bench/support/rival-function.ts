// The one-statement booking as an SQL function, for rivals that expose functions.

import { readFile } from 'node:fs/promises'
import type postgres from 'postgres'
import { MINUTES, ORGANIZATION_ID, substitute } from './slots.ts'

export async function openRivalFunction(sql: postgres.Sql): Promise<void> {
  const statement = await readFile(new URL('../sql/book.sql', import.meta.url), 'utf8')
  const parameters = ['service_id', 'resource_id', 'starts_at', 'name', 'phone']
  const body = substitute(statement, {
    ...Object.fromEntries(parameters.map((parameter) => [parameter, `book.${parameter}`])),
    organization_id: `'${ORGANIZATION_ID}'::uuid`,
    minutes: String(MINUTES.spread),
  })
  await sql.unsafe(`
    create schema if not exists bench;
    create type bench.booking as (id uuid, version int, starts_at timestamptz, ends_at timestamptz);
    create function bench.book(service_id uuid, resource_id uuid, starts_at timestamptz, name text, phone text)
    returns bench.booking language sql volatile as $$ ${body} $$`)
}

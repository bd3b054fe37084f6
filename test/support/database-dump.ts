// Everything that a database holds, as text: what a person with a dump of it could read.
import type { Database } from '../../src/db/client.ts'

/** By table, each row as PostgreSQL writes it. As a superuser, past row-level security. */
export async function dumpDatabase(db: Database): Promise<Map<string, string>> {
  const tables = await db.sql<{ name: string }[]>`
    select format('%I.%I', n.nspname, c.relname) as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p') and n.nspname not in ('pg_catalog', 'information_schema') order by 1`
  const dump = new Map<string, string>()
  for (const { name } of tables) {
    const [row] = await db.sql.unsafe<[{ text: string }]>(
      `select coalesce(string_agg(one::text, E'\\n'), '') as text from ${name} as one`,
    )
    dump.set(name, row.text)
  }
  return dump
}

/** The tables in which one of the expressions is found. */
export function tablesWith(dump: Map<string, string>, patterns: RegExp[]): string[] {
  return [...dump].filter(([, text]) => patterns.some((pattern) => pattern.test(text))).map(([name]) => name)
}

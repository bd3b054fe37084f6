// A database of a test's own, cloned from the migrated template of the run.

import { randomUUID } from 'node:crypto'
import postgres from 'postgres'
import { inject } from 'vitest'

export interface TestDatabase extends AsyncDisposable {
  /** Of a superuser. */
  url: string
}

/** Disposing drops it, whoever is still connected. */
export async function openTestDatabase(): Promise<TestDatabase> {
  const { url, template } = inject('postgres')
  const name = `slotwire_test_${randomUUID().replaceAll('-', '')}`
  await execute(url, `create database ${name} template ${template}`)
  return {
    url: withDatabase(url, name),
    [Symbol.asyncDispose]: () => execute(url, `drop database if exists ${name} with (force)`),
  }
}

/** Runs statements one by one, outside any transaction. */
export async function execute(url: string, ...statements: string[]): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  try {
    for (const statement of statements) await sql.unsafe(statement)
  } finally {
    await sql.end({ timeout: 5 })
  }
}

export function withDatabase(url: string, name: string): string {
  const changed = new URL(url)
  changed.pathname = `/${name}`
  return changed.href
}

import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { findForbiddenArrows, findUpwardArrows, UPWARD_ARROWS } from './arrows.ts'
import { findImports, readsEnvironment } from './imports.ts'

const REPOSITORY = path.resolve(import.meta.dirname, '../..')

test('no file draws a forbidden arrow', () => {
  const files = globSync('src/**/*.ts', { cwd: REPOSITORY })
  expect(files.length).toBeGreaterThan(50)
  const read = (file: string) => readFileSync(path.join(REPOSITORY, file), 'utf8')
  expect(files.flatMap((file) => findForbiddenArrows(file, read(file)))).toEqual([])
})

test('arrows between the rooms of the domain point downward, but for those listed', () => {
  const files = globSync('src/domain/**/*.ts', { cwd: REPOSITORY }).sort()
  expect(files.filter((file) => file.split('/').length < 4)).toEqual([])
  const read = (file: string) => readFileSync(path.join(REPOSITORY, file), 'utf8')
  const upward = files.flatMap((file) => findUpwardArrows(file, read(file)))
  expect([...new Set(upward)].sort()).toEqual(UPWARD_ARROWS)
})

test.each([
  ['src/runtime/loops.ts', "import { x } from '../db/client.ts'"],
  ['src/db/locks.ts', "import type { Claim } from '../domain/types.ts'"],
  ['src/domain/holds.ts', "import { Live } from '../realtime/live.ts'"],
  ['src/domain/holds.ts', "import { createLogger } from '../runtime/logger.ts'"],
  ['src/realtime/live.ts', "const schema = await import('../schema/schema.ts')"],
  ['src/integrations/calcom/sync.ts', "export { live } from '../../realtime/live.ts'"],
  ['src/schema/holds.ts', "import { holds } from '../db/tables/holds.ts'"],
  ['src/schema/holds.ts', "import { routes } from '../server/routes.ts'"],
  ['src/domain/holds.ts', "import { openApp } from '../app.ts'"],
  ['src/server/routes.ts', "import { openServer } from '../server.ts'"],
  ['src/runtime/loops.ts', "import { until } from '../../test/support/until.ts'"],
  ['src/new-room/anything.ts', "import { openDatabase } from '../db/client.ts'"],
  ['src/schema/holds.ts', "import { eq } from 'drizzle-orm'"],
  ['src/realtime/live.ts', "import postgres from 'postgres'"],
  ['src/app.ts', "import { Redis } from 'ioredis'"],
  ['src/domain/holds.ts', "import { GraphQLError } from 'graphql'"],
  ['src/integrations/calcom/sync.ts', "import SchemaBuilder from '@pothos/core'"],
  ['src/realtime/live.ts', "import { createYoga } from 'graphql-yoga'"],
  ['src/app.ts', 'const url = process.env.DATABASE_URL'],
  ['src/db/client.ts', 'const { env } = process'],
  ['src/db/client.ts', 'globalThis.process?.env'],
  ['src/db/client.ts', 'process["env"]'],
  ['src/db/client.ts', "import { env } from 'node:process'"],
])('a forbidden arrow is found: %s with %s', (file, source) => {
  expect(findForbiddenArrows(file, source)).toHaveLength(1)
})

test.each([
  ['src/domain/holds.ts', "import type { Tx } from '../db/transaction.ts'"],
  ['src/schema/writes.ts', "import { inTransaction } from '../db/transaction.ts'"],
  ['src/realtime/bus.ts', "import { Redis } from 'ioredis'"],
  ['src/main.ts', "const { openApp } = await import('./app.ts'); process.env"],
  ['src/integrations/retell/calls.ts', "import { x } from './signature.ts'; import crypto from 'node:crypto'"],
])('an allowed arrow is none: %s with %s', (file, source) => {
  expect(findForbiddenArrows(file, source)).toEqual([])
})

test('the scanner reads every form of import, and none from comments, strings, templates and expressions', () => {
  const source = readFileSync(path.join(import.meta.dirname, 'every-import.txt'), 'utf8')
  expect(findImports(source)).toEqual(['a', 'b', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'p'])
  expect(readsEnvironment("'process.env' // process.env\nconst x = /process.env/; process.exit(env)")).toBe(false)
})

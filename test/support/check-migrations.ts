// Fails when the tables and the migrations disagree: when generating a migration would yield one.

import { spawnSync } from 'node:child_process'
import { cpSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import config from '../../drizzle.config.ts'

const repository = path.resolve(import.meta.dirname, '../..')
// Inside the checkout, because drizzle-kit takes paths from there; ignored by git.
const scratch = mkdtempSync(path.join(repository, 'node_modules/.check-migrations-'))
try {
  process.exitCode = checkIn(scratch)
} finally {
  rmSync(scratch, { recursive: true, force: true })
}

function checkIn(folder: string): number {
  const out = path.join(folder, 'migrations')
  cpSync(path.join(repository, String(config.out)), out, { recursive: true })
  const existing = new Set(globSync('*.sql', { cwd: out }))
  const copied = path.join(folder, 'drizzle.config.json')
  writeFileSync(copied, JSON.stringify({ ...config, out: path.relative(repository, out) }))
  const drizzleKit = path.join(repository, 'node_modules/.bin/drizzle-kit')
  const generated = spawnSync(
    process.execPath,
    [drizzleKit, 'generate', `--config=${path.relative(repository, copied)}`],
    {
      cwd: repository,
      encoding: 'utf8',
      // Nobody answers: where it would have to ask, there is a difference.
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  const added = globSync('*.sql', { cwd: out }).filter((name) => !existing.has(name))
  // drizzle-kit ends with 0 on its own errors too: only these words mean that it compared and found nothing.
  if (added.length === 0 && generated.stdout.includes('No schema changes')) return 0
  const statements = added.map((name) => readFileSync(path.join(out, name), 'utf8'))
  const output = added.length === 0 ? generated.stdout + generated.stderr : ''
  process.stderr.write(
    `src/db/tables and src/db/migrations disagree; "npx drizzle-kit generate --name THE_CHANGE" writes what is missing:\n` +
      `${[...statements, output].join('\n')}\n`,
  )
  return 1
}

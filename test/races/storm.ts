// Runs the random operations for longer: npm run storm -- [seconds] [seed].

import { spawnSync } from 'node:child_process'

const [seconds = '60', seed] = process.argv.slice(2)
const { status } = spawnSync(
  process.execPath,
  [
    'node_modules/vitest/vitest.mjs',
    'run',
    'test/races/random-operations.test.ts',
    'test/races/appointment-changes.test.ts',
  ],
  {
    stdio: 'inherit',
    env: {
      ...process.env,
      STORM_SECONDS: seconds,
      COMPOSITE_SECONDS: seconds,
      ...(seed !== undefined && { STORM_SEED: seed }),
    },
  },
)
process.exitCode = status ?? 1

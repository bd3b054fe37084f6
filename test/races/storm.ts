// Runs the random operations for longer: npm run storm -- [--seconds N] [--seed S].

import { spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '60' }, seed: { type: 'string' } },
})
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
      STORM_SECONDS: values.seconds,
      COMPOSITE_SECONDS: values.seconds,
      ...(values.seed !== undefined && { STORM_SEED: values.seed }),
    },
  },
)
process.exitCode = status ?? 1

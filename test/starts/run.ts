// Does more starts and stops at random moments: npm run starts -- [--count N] [--seed S].

import { spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'

const { values } = parseArgs({
  options: { count: { type: 'string', default: '1000' }, seed: { type: 'string' } },
})
const { status } = spawnSync(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', 'test/starts'], {
  stdio: 'inherit',
  env: {
    ...process.env,
    STARTS_COUNT: values.count,
    STARTS_SEED: values.seed ?? String(Date.now() % 100_000),
  },
})
process.exitCode = status ?? 1

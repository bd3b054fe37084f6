// Runs the chaos test for longer: npm run chaos -- [--seconds N] [--seed S].

import { spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '300' }, seed: { type: 'string' } },
})
const { status } = spawnSync(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', 'test/chaos'], {
  stdio: 'inherit',
  env: {
    ...process.env,
    CHAOS_SECONDS: values.seconds,
    JITTER_CLIENTS: process.env.JITTER_CLIENTS ?? '1000',
    JITTER_CHANGES: process.env.JITTER_CHANGES ?? '120',
    ...(values.seed !== undefined && { CHAOS_SEED: values.seed }),
  },
})
process.exitCode = status ?? 1

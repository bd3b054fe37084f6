// A thousand random inputs on every way in, a hundred thousand with `npm run fuzz`: nothing but what is declared is answered.

import { expect, test } from 'vitest'
import { runFuzz } from './fuzz.ts'

const inputs = Number(process.env.FUZZ_INPUTS ?? 1000)
const seed = Number(process.env.FUZZ_SEED ?? 1)
/** What the bounded caches of documents and of compiled operations may fill meanwhile, and some noise. */
const GROWTH_BYTES = 96 * 1024 * 1024

test(`${inputs} inputs of seed ${seed} find no undeclared fault, no growth of memory and no end`, {
  timeout: 3_600_000,
}, async () => {
  const { faults, heapBytes } = await runFuzz({ inputs, seed })
  expect(faults.join('\n\n')).toBe('')
  expect(heapBytes.late - heapBytes.early).toBeLessThan(GROWTH_BYTES)
  if (process.env.FUZZ_INPUTS)
    console.log(
      `heap: ${Object.values(heapBytes)
        .map((bytes) => `${Math.round(bytes / 1e6)} MB`)
        .join(' → ')}`,
    )
})

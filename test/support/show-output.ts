// Shows what the child processes of a failed test wrote.

import { afterEach } from 'vitest'
import { takeOutput } from './child-processes.ts'

afterEach(({ task }) => {
  const output = takeOutput()
  if (task.result?.state === 'fail' && output) console.error(output)
})

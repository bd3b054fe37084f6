// Runs a command of the gateway to its end, in a process of its own.

import path from 'node:path'
import { startProcess } from './child-processes.ts'

export interface CommandResult {
  exitCode: number | NodeJS.Signals
  stdout: string
  stderr: string
}

export const REPOSITORY = path.resolve(import.meta.dirname, '../..')

/** `environment` is all it gets. */
export async function runCommand(
  parameters: string[],
  environment: Record<string, string> = {},
): Promise<CommandResult> {
  await using child = startProcess(`slotwire ${parameters[0]}`, process.execPath, ['src/slotwire.mjs', ...parameters], {
    cwd: REPOSITORY,
    environment: { PATH: process.env.PATH, ...environment },
  })
  const exitCode = await child.exited
  return { exitCode, stdout: child.stdout(), stderr: child.stderr() }
}

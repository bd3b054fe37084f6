// A shell in a real terminal, typed into as a person would paste: with its line editor, its history and its prompt.

import { spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { requireProgram } from './programs.ts'
import { until } from './until.ts'

export type Shell = 'bash' | 'zsh'

interface TerminalInput {
  cwd: string
  /** Empty: what a new user's home is. */
  home: string
  environment: Record<string, string | undefined>
}

/** Pastes the lines and answers what stood on the screen when the shell had done them all. */
export async function paste(shell: Shell, lines: string, { cwd, home, environment }: TerminalInput): Promise<string> {
  const program = requireProgram(shell, shell)
  const script = requireProgram('script', 'bsdutils')
  // Without one zsh asks a new user what to put into it.
  await writeFile(path.join(home, '.zshrc'), '')
  const terminal = spawn(script, ['--quiet', '--flush', '--return', '--command', `${program} -i`, '/dev/null'], {
    cwd,
    env: { ...environment, HOME: home, TERM: 'xterm', SHELL: program },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const ended = new Promise((resolve) => terminal.once('close', resolve))
  let screen = ''
  for (const stream of [terminal.stdout, terminal.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      screen += stripVTControlCharacters(chunk)
    })
  }
  try {
    await until(() => screen !== '', { what: `The prompt of ${shell}` })
    // The word stands on the screen only when it was run, not when it is typed.
    terminal.stdin.write(`${lines}\necho all' 'done\n`)
    await until(() => screen.includes('all done'), {
      deadlineMs: 20_000,
      what: `The end of what was pasted:\n${screen}`,
    })
    return screen
  } finally {
    terminal.stdin.end('\nexit\n')
    terminal.kill('SIGHUP')
    await ended
  }
}

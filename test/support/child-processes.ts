// Child processes of a test: their output is kept, and none outlives the test run.

import { type ChildProcess, spawn } from 'node:child_process'
import { tmpdir } from 'node:os'
import path from 'node:path'

export interface TestProcess extends AsyncDisposable {
  name: string
  pid: number
  stdout: () => string
  stderr: () => string
  /** Null while it runs; a signal's name if one ended it. */
  exitCode: () => number | NodeJS.Signals | null
  signal: (signal: NodeJS.Signals) => void
  exited: Promise<number | NodeJS.Signals>
}

/** A quarter of what a gateway needs to start; the suite starts a hundred. */
const NODE_COMPILE_CACHE = path.join(tmpdir(), 'slotwire-compiled')

const started = new Set<TestProcess>()

process.on('exit', () => {
  for (const child of started) child.signal('SIGKILL')
})

interface ProcessOptions {
  cwd?: string
  /** All that it gets, but for where Node keeps compiled code. */
  environment: Record<string, string | undefined>
}

/** Disposing kills it if it still runs. */
export function startProcess(
  name: string,
  command: string,
  parameters: string[],
  { cwd, environment }: ProcessOptions,
): TestProcess {
  const env = { NODE_COMPILE_CACHE, ...environment }
  const child = spawn(command, parameters, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
  const { promise: exited, resolve, reject } = Promise.withResolvers<number | NodeJS.Signals>()
  child.once('error', reject)
  child.once('close', (code, signal) => resolve(signal ?? code ?? 0))
  exited.catch(() => {})
  const stdout = keep(child, 'stdout')
  const stderr = keep(child, 'stderr')
  const testProcess: TestProcess = {
    name,
    pid: child.pid ?? 0,
    stdout: () => stdout.text,
    stderr: () => stderr.text,
    exitCode: () => child.signalCode ?? child.exitCode,
    signal: (signal) => void child.kill(signal),
    exited,
    async [Symbol.asyncDispose]() {
      if (child.pid !== undefined && testProcess.exitCode() === null) {
        child.kill('SIGKILL')
        await exited
      }
      started.delete(testProcess)
      ended.push(testProcess)
    },
  }
  started.add(testProcess)
  return testProcess
}

const ended: TestProcess[] = []

/** What every process of this test file wrote since the last call, for the report of a failed test. */
export function takeOutput(): string {
  const processes = [...ended.splice(0), ...started]
  return processes
    .map((child) => `--- ${child.name} (process ${child.pid})\n${child.stdout()}${child.stderr().slice(-20_000)}`)
    .join('\n')
}

function keep(child: ChildProcess, stream: 'stdout' | 'stderr'): { text: string } {
  const kept = { text: '' }
  child[stream]?.setEncoding('utf8').on('data', (chunk: string) => {
    kept.text += chunk
  })
  return kept
}

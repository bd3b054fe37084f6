// Child processes of the bench: pinned to a core, measured from outside, never left behind.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'

/** Servers under test sit alone on SERVER_CORE; load, Redis and whoever writes are on LOAD_CORE. */
export const SERVER_CORE = 0
export const LOAD_CORE = 1

export interface PinnedProcess extends AsyncDisposable {
  pid: number
  /** User and system time of all threads so far; the kernel counts in steps of 10 ms. */
  cpuMs(): number
  residentBytes(): number
  send(message: object): void
  /** The next message that has one of the keys. Rejects when the process ends before. */
  receive<Message extends object>(keys: string | string[], deadlineMs?: number): Promise<Message>
  /** Resolves once a line of the standard output or error contains the text. */
  printed(text: string, deadlineMs?: number): Promise<string>
}

interface PinnedProcessInput {
  file: string
  parameters?: (string | number)[]
  core?: number
  /** 19 yields to all others on its core. */
  niceness?: number
  environment?: Record<string, string>
}

const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** Starts a TypeScript file of ours with this process's Node. Without a core it may use all. */
export function startNode({ file, parameters = [], ...input }: PinnedProcessInput): PinnedProcess {
  return start({ ...input, file: process.execPath, parameters: [file, ...parameters] }, true)
}

/** Starts any program. */
export function startProgram(input: PinnedProcessInput): PinnedProcess {
  return start(input, false)
}

function start(
  { file, parameters = [], core, niceness, environment }: PinnedProcessInput,
  ipc: boolean,
): PinnedProcess {
  const pinned = core !== undefined && availableParallelism() > core
  const command = [
    ...(pinned ? ['taskset', '-c', String(core)] : []),
    ...(niceness ? ['nice', '-n', String(niceness)] : []),
    file,
    ...parameters.map(String),
  ]
  const child = spawn(command[0] as string, command.slice(1), {
    env: { ...process.env, NODE_NO_WARNINGS: '1', ...environment },
    stdio: ['ignore', 'pipe', 'pipe', ...(ipc ? (['ipc'] as const) : [])],
  })
  running.add(child)
  const output = { text: '' }
  const ended = new Promise<never>((_, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => {
      running.delete(child)
      reject(new Error(`${command.join(' ')} ended (${signal ?? code}): ${output.text.slice(-2000)}`))
    })
  })
  ended.catch(() => {})
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      output.text = (output.text + chunk).slice(-20_000)
    })
  }
  const pid = child.pid ?? 0
  return {
    pid,
    cpuMs: () => readCpuMs(pid),
    residentBytes: () => readResidentBytes(pid),
    send: (message) => void child.send(message),
    receive: (keys, deadlineMs = 60_000) =>
      within(deadlineMs, `a message with ${keys} from ${file} ${parameters.join(' ')}`, ended, (resolve) => {
        const take = (message: object) => {
          if (![keys].flat().some((key) => key in message)) return
          child.off('message', take)
          resolve(message as never)
        }
        child.on('message', take)
      }),
    printed: (text, deadlineMs = 30_000) =>
      within(deadlineMs, `"${text}" from ${file}`, ended, (resolve) => {
        const look = () => {
          if (output.text.includes(text)) resolve(output.text)
        }
        look()
        child.stdout?.on('data', look)
        child.stderr?.on('data', look)
      }),
    async [Symbol.asyncDispose]() {
      if (!running.has(child)) return
      child.kill('SIGTERM')
      const impatience = setTimeout(() => child.kill('SIGKILL'), 3000)
      await ended.catch(() => {})
      clearTimeout(impatience)
    },
  }
}

/** Pins a server and the children it has; those to come inherit it. */
export function pinFamily(pid: number, core: number): void {
  if (availableParallelism() <= core) return
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean)
  for (const member of [String(pid), ...children]) execFileSync('taskset', ['-apc', String(core), member])
}

async function within<T>(
  deadlineMs: number,
  what: string,
  ended: Promise<never>,
  begin: (resolve: (value: T) => void) => void,
): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>()
  const deadline = setTimeout(() => reject(new Error(`Waited ${deadlineMs} ms in vain for ${what}.`)), deadlineMs)
  begin(resolve)
  try {
    return await Promise.race([promise, ended])
  } finally {
    clearTimeout(deadline)
  }
}

const TICK_MS = 10

function readCpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS
}

function readResidentBytes(pid: number): number {
  const [, kilobytes] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kilobytes) * 1024
}

// One process owns a data folder: a second is refused, and what a killed owner left behind is cleared away.

import { mkdir, readFile, readlink, realpath, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { OperatorError } from '../runtime/operator-error.ts'

export class DataFolderInUseError extends OperatorError {}

const ORPHAN_DEADLINE_MS = 30_000

/** Claims the folder, which is created if need be. Disposing gives it back. */
export async function claimDataFolder(folder: string): Promise<AsyncDisposable> {
  await mkdir(folder, { recursive: true }).catch((cause) => {
    throw new OperatorError(`The data folder ${folder} cannot be created (${cause.code}).`, { cause })
  })
  const file = path.join(folder, 'owner.pid')
  const owner = JSON.stringify({ pid: process.pid, startedAt: await startedAt(process.pid) })
  while (!(await createFile(file, owner))) {
    const other = parseOwner(await readIfAny(file))
    if (other && isAlive(other.pid) && (await startedAt(other.pid)) === other.startedAt) {
      throw new DataFolderInUseError(
        `The data folder ${folder} is already in use by process ${other.pid}: stop that one, or set another DATA_DIR.`,
      )
    }
    await rm(file, { force: true })
  }
  return {
    async [Symbol.asyncDispose]() {
      await rm(file, { force: true })
    },
  }
}

/**
 * Stops a PostgreSQL that outlived its owner. Stopping was preferred to adopting: the server then always runs with the
 * settings of this version, as our own child. Only for the one who has claimed the folder.
 */
export async function stopOrphan(postgresFolder: string): Promise<void> {
  const file = path.join(postgresFolder, 'postmaster.pid')
  const pid = Number.parseInt(await readIfAny(file), 10)
  if (!(pid > 1) || !isAlive(pid)) return
  if (!(await runsIn(pid, postgresFolder))) {
    // The number was given to another process since, and PostgreSQL would take that one for itself and refuse to start.
    await rm(file, { force: true })
    return
  }
  process.kill(pid, 'SIGINT')
  const deadline = Date.now() + ORPHAN_DEADLINE_MS
  while (isAlive(pid) && (await runsIn(pid, postgresFolder))) {
    if (Date.now() > deadline) {
      throw new OperatorError(
        `An earlier PostgreSQL (process ${pid}) still runs in ${postgresFolder} and does not stop.`,
      )
    }
    await pause(20)
  }
}

async function createFile(file: string, content: string): Promise<boolean> {
  try {
    await writeFile(file, content, { flag: 'wx' })
    return true
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'EEXIST') return false
    throw new OperatorError(`The data folder ${path.dirname(file)} cannot be written to (${code}).`, { cause })
  }
}

function parseOwner(text: string): { pid: number; startedAt: string } | null {
  const [, pid, startedAt] = /^\{"pid":(\d+),"startedAt":"(.*)"\}$/.exec(text) ?? []
  return pid && startedAt !== undefined ? { pid: Number(pid), startedAt } : null
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

// A number alone does not name a process: after a reboot, or in a restarted container, another one may carry it.
async function startedAt(pid: number): Promise<string> {
  const stat = await readIfAny(`/proc/${pid}/stat`)
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
}

// PostgreSQL lives in its data folder. Without /proc (macOS) the number has to do.
async function runsIn(pid: number, folder: string): Promise<boolean> {
  try {
    return (await readlink(`/proc/${pid}/cwd`)) === (await realpath(folder))
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' && process.platform !== 'linux'
  }
}

async function readIfAny(file: string): Promise<string> {
  return readFile(file, 'utf8').catch(() => '')
}

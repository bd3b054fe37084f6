// A folder that is removed afterwards.

import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { stopOrphan } from '../../src/embedded/data-folder.ts'

export interface TemporaryFolder extends AsyncDisposable {
  path: string
}

const PREFIX = 'slotwire-test-'

export async function openTemporaryFolder(): Promise<TemporaryFolder> {
  const folder = await mkdtemp(path.join(tmpdir(), `${PREFIX}${process.pid}-`))
  // Where the tests run as root, PostgreSQL runs as another user, who has to enter.
  await chmod(folder, 0o711)
  return {
    path: folder,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}

/** What an earlier run left behind that was ended by a signal: its folders, and the servers in them. */
export async function removeLeftFolders(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const pid = /^\d+(?=-)/.exec(name.startsWith(PREFIX) ? name.slice(PREFIX.length) : '')?.[0]
    if (pid === undefined || isAlive(Number(pid))) continue
    const folder = path.join(tmpdir(), name)
    await stopOrphan(path.join(folder, 'postgres'))
    await rm(folder, { recursive: true, force: true })
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

// Starts the PostgreSQL binaries, which refuse to run as root, as another user when we are root.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { OperatorError } from '../runtime/operator-error.ts'

export interface User {
  uid: number
  gid: number
}

/** Null: we are not root and start everything as ourselves. Otherwise the owner of the data, `postgres`, or `nobody`. */
export function chooseUser(dataPath: string): User | null {
  if (process.getuid?.() !== 0) return null
  const owner = statSync(dataPath, { throwIfNoEntry: false })
  if (owner && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid }
  const user = findUser('postgres') ?? findUser('nobody')
  if (user) return user
  throw new OperatorError(
    'PostgreSQL does not run as root, and there is no user postgres or nobody: start Slotwire as an ordinary user.',
  )
}

interface Command {
  file: string
  arguments: string[]
  user: User | null
  /** Folders and files the command has to reach. */
  paths: string[]
  environment?: NodeJS.ProcessEnv
}

/**
 * In a session of its own: Ctrl-C reaches a whole process group, and PostgreSQL must outlive the gateway's closing.
 * Nothing of our environment is handed on, but what the command names.
 */
export function spawnUnprivileged(command: Command): ChildProcess {
  const options = {
    cwd: '/',
    detached: true,
    env: { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC', ...command.environment },
    stdio: ['ignore', 'pipe', 'pipe'] satisfies ['ignore', 'pipe', 'pipe'],
  }
  if (!command.user) return spawn(command.file, command.arguments, options)
  const { user } = command
  const closed = [command.file, ...command.paths].map((target) => findClosed(target, user)).find((found) => found)
  if (!closed) return spawn(command.file, command.arguments, { ...options, ...user })
  return spawn('setpriv', [...keepPrivilege(user, closed), command.file, ...command.arguments], options)
}

/** The folder on the way to `target` that the user may not enter. */
function findClosed(target: string, user: User): string | undefined {
  const parent = path.dirname(target)
  const stat = statSync(target)
  const open = stat.uid === user.uid || (stat.mode & 0o001) !== 0
  if (!open) return target
  return parent === target ? undefined : findClosed(parent, user)
}

// A checkout in /root (mode 0700) is closed to every other user. Reading past folder modes is the one privilege that
// PostgreSQL then keeps; copying binaries and data elsewhere would leave things behind, opening /root is not ours to do.
//
// Without the securebit, access(2) knows nothing of that privilege: it asks as the real user and drops the capabilities of
// whoever is not root. initdb looks for its siblings with access(2), as does every shell.
function keepPrivilege(user: User, closed: string): string[] {
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)/m.exec(readIfAny('/proc/self/status'))?.[1] ?? '0'}`)
  const holds = ({ bit }: { bit: bigint }) => ((effective >> bit) & 1n) === 1n
  // The narrow one first; containers usually have the second only.
  const capability = [
    { name: 'dac_read_search', bit: 2n },
    { name: 'dac_override', bit: 1n },
  ].find(holds)
  const setpcap = { bit: 8n }
  if (!capability || !holds(setpcap)) {
    throw new OperatorError(
      `Started as root, but PostgreSQL runs as another user and cannot enter ${closed}: ` +
        'move Slotwire and its DATA_DIR to a folder that is open to others, or start it as an ordinary user.',
    )
  }
  const { uid, gid } = user
  const capabilities = [`--inh-caps=+${capability.name}`, `--ambient-caps=+${capability.name}`]
  return [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', '--securebits=+no_setuid_fixup', ...capabilities]
}

function readIfAny(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

function findUser(name: string): User | null {
  const [uid, gid] = ['-u', '-g'].map((flag) => spawnSync('id', [flag, name], { encoding: 'utf8' }).stdout)
  return uid && gid ? { uid: Number(uid), gid: Number(gid) } : null
}

// Whom a request comes from: the address that limits are counted by, and whether it is this machine.

import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'

export interface Origin {
  /** Of version 4, or the /64 network of one of version 6: a household has 2^64 addresses of those. */
  address: string
  /** A direct connection from this machine: counted by key, and by address only as long as it has none. */
  isLocal: boolean
}

/**
 * Each trusted proxy appends the address it was called from, so of the list in X-Forwarded-For the last `proxies` entries are true
 * and whatever stands before was invented by anybody. Without a trusted proxy the header says nothing.
 */
export function createOriginOf(proxies: number): (request: Pick<IncomingMessage, 'socket' | 'headers'>) => Origin {
  const direct = new WeakMap<object, Origin>()
  return ({ socket, headers }) => {
    if (proxies > 0) {
      const given = headers['x-forwarded-for']
      const list = (Array.isArray(given) ? given.join(',') : (given ?? '')).split(',')
      const named = list.at(-proxies)?.trim() ?? ''
      const address = networkOf(unwrap(named))
      if (address !== null) return { address, isLocal: false }
    }
    const known = direct.get(socket)
    if (known) return known
    const peer = unwrap(socket.remoteAddress ?? '')
    const origin = { address: networkOf(peer) ?? 'unknown', isLocal: peer === '::1' || peer.startsWith('127.') }
    direct.set(socket, origin)
    return origin
  }
}

// Some proxies write a port, and version 6 in brackets; a dual socket writes version 4 as ::ffff:1.2.3.4.
function unwrap(text: string): string {
  const address = /^\[([^\]]+)\](?::\d+)?$/.exec(text)?.[1] ?? /^([\d.]+):\d+$/.exec(text)?.[1] ?? text
  return /^::ffff:([\d.]+)$/i.exec(address)?.[1] ?? address
}

/** Null: no address. */
function networkOf(address: string): string | null {
  const version = isIP(address)
  if (version === 4) return address
  if (version !== 6) return null
  const [head = '', tail] = (address.split('%')[0] ?? '').toLowerCase().split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === undefined || tail === '' ? [] : tail.split(':')
  const missing = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length)
  const groups = [...left, ...Array.from({ length: missing }, () => '0'), ...right]
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`
}

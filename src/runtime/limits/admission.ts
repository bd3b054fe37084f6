// Lets callers in: every way in asks here before it spends anything on somebody.

import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { createOriginOf, type Origin } from './client-addresses.ts'
import { createPlaces, type GiveBack, type Places, type Wanted } from './places.ts'
import { DEFAULT_LIMITS, type Limits } from './table.ts'
import { createWindows, type Windows } from './windows.ts'

/** A caller as limits see it. */
export interface KeyHolder {
  id: string
  kind: string
}

/** A request from its beginning until it is answered. */
export interface Visit {
  origin: Origin
  /** Bytes of its body have arrived. */
  takeBody(bytes: number): void
  /** It has proved whose it is: not counted by its address any more. */
  trust(): void
  /** It is answered, or goes on as a subscription. Ending twice changes nothing. */
  end: () => void
}

/** Everything that is refused throws LimitExceeded. */
export interface Admission {
  limits: Limits
  windows: Windows
  places: Places
  originOf(request: IncomingMessage): Origin
  openConnection(socket: Socket): GiveBack
  /** Before anything of a request is read. */
  beginRequest(request: IncomingMessage): Visit
  /** Before anything of a delivery is read. */
  beginDelivery(request: IncomingMessage): Visit
  /** No key, a wrong one, or a delivery that was refused; `at` names the integration that it was for. */
  countWithoutKey(origin: Origin, at?: string): void
  /** Before anything is spent on whoever has not proved who it is. */
  requireRoomWithoutKey(origin: Origin, at?: string): void
  countRequest(origin: Origin, holder: KeyHolder): void
  /** Before an operation is executed. */
  countCost(origin: Origin, holder: KeyHolder | null, cost: number): void
  countDelivery(integrationId: string): void
  openSocket(origin: Origin): GiveBack
  /** Null: it has no key. */
  admitSocket(origin: Origin, holder: KeyHolder | null): GiveBack
  openSubscription(origin: Origin, holder: KeyHolder | null, keptBytes: number): GiveBack
  reserveStream(origin: Origin): GiveBack
}

interface AdmissionInput {
  limits?: Partial<Limits>
  /** How many proxies stand in front, each of which appends to X-Forwarded-For. */
  proxies?: number
  now?: () => number
}

export function createAdmission({ limits: given, proxies = 0, now }: AdmissionInput = {}): Admission {
  const limits = { ...DEFAULT_LIMITS, ...given }
  const windows = createWindows(limits, now)
  const places = createPlaces(limits)
  const originOf = createOriginOf(proxies)
  // Behind a proxy every connection has the same address.
  const directOriginOf = createOriginOf(0)

  const visit = (origin: Origin, isCounted: boolean): Visit => {
    const key = origin.address
    const ofAddress = isCounted ? places.take([{ limit: 'requestsUnderWayPerAddress', key }]) : () => {}
    const taken = [ofAddress]
    try {
      taken.push(places.take([{ limit: 'requestsUnderWay' }]))
    } catch (error) {
      ofAddress()
      throw error
    }
    return {
      origin,
      takeBody(amount) {
        taken.push(
          places.take([
            { limit: 'bodyBytesPerAddress', key, amount },
            { limit: 'bodyBytesTotal', amount },
          ]),
        )
      },
      trust: ofAddress,
      end() {
        for (const giveBack of taken.splice(0)) giveBack()
      },
    }
  }

  return {
    limits,
    windows,
    places,
    originOf,
    openConnection(socket) {
      const { address, isLocal } = directOriginOf({ socket, headers: {} })
      const wanted: Wanted[] = [{ limit: 'connections' }]
      if (proxies === 0 && !isLocal) wanted.push({ limit: 'connectionsPerAddress', key: address })
      return places.take(wanted)
    },
    beginRequest(request) {
      const origin = originOf(request)
      const { address, isLocal } = origin
      const { authorization } = request.headers
      if (authorization === undefined) windows.count('requestsWithoutKey', address)
      const isCounted = authorization === undefined || !(isLocal || saysSecret(authorization))
      if (isCounted) windows.requireRoom('requestsPerAddress', address)
      return visit(origin, isCounted)
    },
    beginDelivery(request) {
      return visit(originOf(request), true)
    },
    countWithoutKey: (origin, at) => windows.count('requestsWithoutKey', senderOf(origin, at)),
    requireRoomWithoutKey: (origin, at) => windows.requireRoom('requestsWithoutKey', senderOf(origin, at)),
    countRequest(origin, holder) {
      if (isCountedByAddress(origin, holder)) windows.count('requestsPerAddress', origin.address)
      windows.count('requestsPerKey', holder.id)
    },
    countCost(origin, holder, cost) {
      if (isCountedByAddress(origin, holder)) windows.count('costPerAddress', origin.address, Math.ceil(cost))
    },
    countDelivery: (integrationId) => windows.count('requestsPerKey', `integration:${integrationId}`),
    openSocket: ({ address }) => places.take([{ limit: 'socketsOpeningPerAddress', key: address }]),
    admitSocket(origin, holder) {
      if (!holder) return places.take([{ limit: 'socketsWithoutKey', key: origin.address }])
      const wanted: Wanted[] = [{ limit: 'socketsPerKey', key: holder.id }]
      if (isCountedByAddress(origin, holder)) wanted.push({ limit: 'socketsPerAddress', key: origin.address })
      return places.take(wanted)
    },
    openSubscription(origin, holder, keptBytes) {
      const wanted: Wanted[] = [{ limit: 'subscriptions' }, { limit: 'keptBytes', amount: keptBytes }]
      if (holder) wanted.push({ limit: 'subscriptionsPerKey', key: holder.id })
      if (isCountedByAddress(origin, holder)) {
        wanted.push({ limit: 'subscriptionsPerAddress', key: origin.address })
        wanted.push({ limit: 'keptBytesPerAddress', key: origin.address, amount: keptBytes })
      }
      return places.take(wanted)
    },
    reserveStream: ({ address }) =>
      places.take([{ limit: 'reservedStreamsPerAddress', key: address }, { limit: 'reservedStreams' }]),
  }
}

// A provider delivers for everybody from the same few addresses: who has it deliver with a wrong secret stops only that integration.
function senderOf({ address }: Origin, at?: string): string {
  return at === undefined ? address : `${address} ${at}`
}

// A salon's own server and a program on this machine are limited by their key alone.
function isCountedByAddress({ isLocal }: Origin, holder: KeyHolder | null): boolean {
  return holder === null || (holder.kind !== 'SECRET' && !isLocal)
}

// Only until the key is judged: whoever only says so is counted as a wrong key.
function saysSecret(authorization: string | undefined): boolean {
  return /^Bearer +sk_/i.test(authorization ?? '')
}

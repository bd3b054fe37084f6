// What a socket uses of the limits: a place of its own, its messages, and what it has open.

import type { IncomingMessage } from 'node:http'
import type { WebSocket } from 'ws'
import type { Caller } from '../../domain/people/callers.ts'
import type { Admission } from '../../runtime/limits/admission.ts'
import type { Origin } from '../../runtime/limits/client-addresses.ts'
import type { GiveBack } from '../../runtime/limits/places.ts'
import { WINDOW_SECONDS } from '../../runtime/limits/table.ts'

/** Plain data, for there are many thousands. */
export interface SocketPlaces {
  origin: Origin
  /** Of one that is opening, then of one that has said who it is. */
  giveBack: GiveBack
  /** Of a socket without a key: when it has to go. */
  expiry: NodeJS.Timeout | undefined
  windowEndsAt: number
  messagesInWindow: number
  /** Of the message that is being read: what its subscription will keep. */
  messageBytes: number
}

/** The client did what no client should: it is not to come back. */
const POLICY_VIOLATION = 1008
/** Nothing but the schema can be asked without a key: a minute is enough. */
const WITHOUT_KEY_MS = 60_000
/** How long a client that was told to go may take to hear it. */
const LEAVING_MS = 1000

/** Throws LimitExceeded. Given back when the connection closes, whether or not it became a socket. */
export function openSocketPlaces(admission: Admission, request: IncomingMessage): SocketPlaces {
  const origin = admission.originOf(request)
  const places: SocketPlaces = {
    origin,
    giveBack: admission.openSocket(origin),
    expiry: undefined,
    windowEndsAt: 0,
    messagesInWindow: 0,
    messageBytes: 0,
  }
  request.socket.once('close', () => {
    clearTimeout(places.expiry)
    places.giveBack()
  })
  return places
}

/** It has said who it is; null: nobody. Throws LimitExceeded. */
export function admitSocket(
  admission: Admission,
  places: SocketPlaces,
  caller: Caller | null,
  socket: WebSocket,
): void {
  if (!caller) admission.countWithoutKey(places.origin)
  const admitted = admission.admitSocket(places.origin, caller)
  places.giveBack()
  places.giveBack = admitted
  if (caller) return
  places.expiry = setTimeout(
    () => dismiss(socket, 'A socket without a key ends after a minute'),
    WITHOUT_KEY_MS,
  ).unref()
}

/** False: it sends too many, was told so and is closed. */
export function countMessage({ limits }: Admission, places: SocketPlaces, socket: WebSocket): boolean {
  const now = performance.now()
  if (now >= places.windowEndsAt) {
    places.windowEndsAt = now + WINDOW_SECONDS * 1000
    places.messagesInWindow = 0
  }
  places.messagesInWindow++
  if (places.messagesInWindow <= limits.messagesPerSocket) return true
  dismiss(socket, `At most ${limits.messagesPerSocket} messages in ${WINDOW_SECONDS} seconds`)
  return false
}

function dismiss(socket: WebSocket, reason: string): void {
  if (socket.readyState !== socket.OPEN) return
  socket.close(POLICY_VIOLATION, reason)
  setTimeout(() => socket.terminate(), LEAVING_MS).unref()
}

// All attacks, each with a file of its own.

import type { Attack } from './attack.ts'
import { anonymousPuts } from './attacks/anonymous-puts.ts'
import { churn } from './attacks/churn.ts'
import { connectionFlood } from './attacks/connection-flood.ts'
import { deepJson } from './attacks/deep-json.ts'
import { forgedCursors } from './attacks/forged-cursors.ts'
import { forgedKeys } from './attacks/forged-keys.ts'
import { fragmentedFrames } from './attacks/fragmented-frames.ts'
import { frozenGateway } from './attacks/frozen-gateway.ts'
import { frozenRemote } from './attacks/frozen-remote.ts'
import { fuzzedBodies } from './attacks/fuzzed-bodies.ts'
import { halfOpenSockets } from './attacks/half-open-sockets.ts'
import { hoardedHolds } from './attacks/hoarded-holds.ts'
import { idBatches } from './attacks/id-batches.ts'
import { keylessSockets } from './attacks/keyless-sockets.ts'
import { lostDatabase } from './attacks/lost-database.ts'
import { nestedFragments } from './attacks/nested-fragments.ts'
import { oldInstants } from './attacks/old-instants.ts'
import { oversizedFrames } from './attacks/oversized-frames.ts'
import { pageFlood } from './attacks/page-flood.ts'
import { pingFlood } from './attacks/ping-flood.ts'
import { poolExhaustion } from './attacks/pool-exhaustion.ts'
import { redisFlush } from './attacks/redis-flush.ts'
import { redisGarbage } from './attacks/redis-garbage.ts'
import { requestFlood } from './attacks/request-flood.ts'
import { sealedForgeries } from './attacks/sealed-forgeries.ts'
import { silentSockets } from './attacks/silent-sockets.ts'
import { slowLoris } from './attacks/slow-loris.ts'
import { slowReaders } from './attacks/slow-readers.ts'
import { slowRedis } from './attacks/slow-redis.ts'
import { unauthenticatedDeliveries } from './attacks/unauthenticated-deliveries.ts'
import { undeclaredVariables } from './attacks/undeclared-variables.ts'
import { wideDocuments } from './attacks/wide-documents.ts'
import { wrongSignatures } from './attacks/wrong-signatures.ts'

export const ATTACKS: readonly Attack[] = [
  anonymousPuts,
  churn,
  connectionFlood,
  deepJson,
  forgedCursors,
  forgedKeys,
  fragmentedFrames,
  frozenGateway,
  frozenRemote,
  fuzzedBodies,
  halfOpenSockets,
  hoardedHolds,
  idBatches,
  keylessSockets,
  lostDatabase,
  nestedFragments,
  oldInstants,
  oversizedFrames,
  pageFlood,
  pingFlood,
  poolExhaustion,
  redisFlush,
  redisGarbage,
  requestFlood,
  sealedForgeries,
  silentSockets,
  slowLoris,
  slowReaders,
  slowRedis,
  unauthenticatedDeliveries,
  undeclaredVariables,
  wideDocuments,
  wrongSignatures,
]

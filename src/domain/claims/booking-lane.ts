// The booking lane: while a transaction is under way, further requests of the organization queue and go down as one.
import type { Database } from '../../db/client.ts'
import { isLockTimeout, isOutdated } from '../../db/errors.ts'
import { createSharedRead, forEachAlone, type SharedRead } from '../../db/shared-transactions.ts'
import { VISITOR_LIMITS, type VisitorLimits } from '../people/visitors.ts'
import { OutdatedAttempt } from '../vocabulary/outdated-attempt.ts'
import { BusyError } from '../vocabulary/refusals.ts'
import type { Instant, Slot } from '../vocabulary/types.ts'
import { type BatchAnswer, runBatch } from './claim-batches.ts'
import type { Decision } from './claim-decisions.ts'
import { type ClaimRequest, resourceDaysOf } from './claim-requests.ts'

export interface Answer {
  decision: Decision
  /** Of the appointment that was booked. */
  customerId: string | null
  alternatives: Slot[]
  now: Instant
}

export interface BookingLane extends AsyncDisposable {
  db: Database
  /** For what is looked up beside the requests, which come in the same crowds. */
  read: SharedRead
  visitorLimits: VisitorLimits
  submit(request: ClaimRequest): Promise<Answer>
}

interface Waiting {
  request: ClaimRequest
  /** `<resource> <day>` of everything it may claim. */
  resourceDays: string[]
  resolve: (answer: Answer) => void
  reject: (error: unknown) => void
}

interface Lane {
  waiting: Waiting[]
  /** `advance` follows the present turn of the event loop. */
  isDue: boolean
  underWay: number
  /** The resource-days of the batches that are under way. */
  busy: Set<string>
  /** How many were answered last: they tend to come back. */
  answered: number
  /** Batches that have not been answered. */
  unsettled: number
}

// One hot resource-day falls from 2,700 to 900 bookings/s between 1 and 32 concurrent transactions, and a batch of 50
// in one transaction reaches 33,000. So few transactions are under way at once, no two of them on one resource-day (the
// second would only wait for the first, with half as many members), and what arrives meanwhile shares the next.
const UNDER_WAY_LIMIT = 2
const REQUEST_LIMIT = 64
// Half of a crowd at a time, so that the database works for one half while this process reads and answers the other: as
// one batch they would wait for each other in turn.
const UNDIVIDED_LIMIT = 8
const RESOURCE_DAY_LIMIT = 1024

export function createBookingLane(db: Database, visitorLimits: VisitorLimits = VISITOR_LIMITS): BookingLane {
  const lanes = new Map<string, Lane>()
  let closing: (() => void) | undefined

  function submit(request: ClaimRequest): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const { organizationId } = request.caller
      const lane = lanes.get(organizationId) ?? {
        waiting: [],
        isDue: false,
        underWay: 0,
        busy: new Set<string>(),
        answered: 0,
        unsettled: 0,
      }
      lanes.set(organizationId, lane)
      const resourceDays = resourceDaysOf(request).map(({ resourceId, day }) => `${resourceId} ${day}`)
      lane.waiting.push({ request, resourceDays, resolve, reject })
      // Whoever waits already may be parked behind a busy day: each turn that brings a request looks anew who can go.
      if (lane.isDue) return
      lane.isDue = true
      // After the turn of the event loop: requests that arrived in one read of the sockets go together.
      setImmediate(() => {
        lane.isDue = false
        advance(organizationId, lane)
      })
    })
  }

  function advance(organizationId: string, lane: Lane): void {
    while (lane.waiting.length > 0 && lane.underWay < UNDER_WAY_LIMIT) {
      const batch = takeBatch(lane)
      if (batch.length === 0) return
      const resourceDays = batch.flatMap((member) => member.resourceDays)
      for (const day of resourceDays) lane.busy.add(day)
      lane.underWay++
      lane.unsettled++
      let isWriting = true
      const written = () => {
        if (!isWriting) return
        isWriting = false
        for (const day of resourceDays) lane.busy.delete(day)
        lane.underWay--
        lane.answered = batch.length
        advance(organizationId, lane)
      }
      void runWaiting(db, organizationId, batch, written).finally(() => {
        written()
        lane.unsettled--
        if (lane.unsettled > 0 || lane.waiting.length > 0) return
        lanes.delete(organizationId)
        if (lanes.size === 0) closing?.()
      })
    }
  }

  return {
    db,
    read: createSharedRead(db),
    visitorLimits,
    submit,
    async [Symbol.asyncDispose]() {
      if (lanes.size > 0) await new Promise<void>((resolve) => (closing = resolve))
    },
  }
}

/** In order, without those whose resource-days are busy; nobody overtakes another on a resource-day. */
function takeBatch(lane: Lane): Waiting[] {
  const batch: Waiting[] = []
  const left: Waiting[] = []
  const awaited = new Set(lane.busy)
  const limit = Math.min(REQUEST_LIMIT, Math.max(UNDIVIDED_LIMIT, Math.ceil((lane.waiting.length + lane.answered) / 2)))
  const resourceDays = new Set<string>()
  for (const [index, member] of lane.waiting.entries()) {
    const added = member.resourceDays.filter((day) => !resourceDays.has(day))
    const isFull = batch.length > 0 && resourceDays.size + added.length > RESOURCE_DAY_LIMIT
    if (isFull || batch.length === limit) {
      left.push(...lane.waiting.slice(index))
      break
    }
    if (member.resourceDays.some((day) => awaited.has(day))) {
      for (const day of member.resourceDays) awaited.add(day)
      left.push(member)
      continue
    }
    batch.push(member)
    for (const day of added) resourceDays.add(day)
  }
  lane.waiting = left
  return batch
}

/** Settles every member. A batch that fails as a whole is run again one by one, so that one member spoils no other. */
async function runWaiting(db: Database, organizationId: string, batch: Waiting[], written?: () => void): Promise<void> {
  try {
    const answer = await runBatch(
      db,
      organizationId,
      batch.map(({ request }) => request),
      written,
    )
    for (const [index, { request, resolve }] of batch.entries()) resolve(answerOf(answer, request, index))
  } catch (error) {
    const alone = batch.length > 1 ? forEachAlone(db, error) : null
    if (alone) {
      for (const member of batch) await runWaiting(alone, organizationId, [member])
      return
    }
    if (error instanceof OutdatedAttempt || isOutdated(error)) for (const { resolve } of batch) resolve(staleAnswer())
    else for (const { reject } of batch) reject(isLockTimeout(error) ? new BusyError() : error)
  }
}

function answerOf(answer: BatchAnswer, request: ClaimRequest, index: number): Answer {
  const decision = answer.decisions[index] as Decision
  const booked = 'booked' in decision ? decision.booked : null
  return {
    decision,
    customerId: booked ? (answer.customerIds.get(booked.appointmentId) ?? null) : null,
    alternatives: answer.alternatives.get(decision.state === 'LOST' ? decision.request : request) ?? [],
    now: answer.now,
  }
}

function staleAnswer(): Answer {
  return { decision: { state: 'STALE', extraLocks: [] }, customerId: null, alternatives: [], now: 0 }
}

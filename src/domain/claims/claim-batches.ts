// Runs a batch of claim requests of one organization as one transaction: lock and read, decide, write.
import type { Database } from '../../db/client.ts'
import { inTransaction } from '../../db/transaction.ts'
import { type AlternativesFound, findAlternativesFor, readAlternatives } from '../availability/alternative-search.ts'
import { type AnsweredClaim, answerFunctions } from '../outside/calls/call-functions.ts'
import type { Instant } from '../vocabulary/types.ts'
import { type Decision, decide, isWon, type Won } from './claim-decisions.ts'
import { readBatchState } from './claim-reading.ts'
import { type ClaimRequest, locksOf, resourceDaysOf } from './claim-requests.ts'
import { type CustomerIds, writeWon } from './claim-writing.ts'

export interface BatchAnswer {
  decisions: Decision[]
  customerIds: CustomerIds
  /** For the requests that lost, computed at the same instant. */
  alternatives: AlternativesFound
  now: Instant
}

/**
 * Three round trips however many requests: BEGIN, locks and reads; writes; COMMIT. The locks give order and clean
 * answers; the constraints refuse what slips through when they are off (the error is thrown, nothing is written).
 */
export async function runBatch(
  db: Database,
  organizationId: string,
  requests: ClaimRequest[],
  committing?: () => void,
): Promise<BatchAnswer> {
  const locks = requests.flatMap(locksOf)
  const lockedDays = new Set(requests.flatMap(resourceDaysOf).map(({ resourceId, day }) => `${resourceId} ${day}`))
  const answer = await inTransaction(
    db,
    organizationId,
    async (tx) => {
      const state = { ...(await readBatchState(tx, requests)), lockedDays }
      const decisions = requests.map((request) => decide(state, request))
      const won = decisions.filter(isWon)
      const lost = decisions.filter((decision) => decision.state === 'LOST')
      const answered = won.flatMap(answerOf)
      const [customerIds, answers, read] = await Promise.all([
        writeWon(tx, won, state.now),
        answerFunctions(tx, state.functions, answered),
        readAlternatives(
          tx,
          lost.map((decision) => decision.request),
        ),
      ])
      return { decisions, customerIds, read, now: state.now, answered, answers }
    },
    { locks, committing },
  )
  for (const [index, { inCall }] of answer.answered.entries()) inCall.recorded(answer.answers[index] ?? {})
  // The search itself is computing only: it happens after the locks are gone.
  return { ...answer, alternatives: findAlternativesFor(answer.read, answer.now) }
}

function answerOf(won: Won): AnsweredClaim[] {
  const { inCall } = won.request
  return inCall ? [{ inCall, ...inCall.answerTo(won) }] : []
}

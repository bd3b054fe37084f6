// check_availability and find_alternatives: what is free, told at one moment, and held if the agent asks for that.
import type { Once } from '../../../db/shared-transactions.ts'
import type { Tx } from '../../../db/transaction.ts'
import { findAlternatives } from '../../../domain/availability/alternatives.ts'
import { findAvailability, MAX_RANGE_DAYS } from '../../../domain/availability/availability.ts'
import type { HoldRecord } from '../../../domain/bookings/holds.ts'
import { listSessionHolds } from '../../../domain/bookings/session-holds.ts'
import { findCustomerByCarrierNumber } from '../../../domain/outside/calls/calls.ts'
import type { Instant } from '../../../domain/vocabulary/types.ts'
import { sentencesFor } from '../sentences.ts'
import type { MinuteRange } from '../spoken-times/wishes.ts'
import { decline, type FunctionResult, succeed } from './answers.ts'
import { type Offered, readCatalogue, requireService } from './catalogue.ts'
import type { Conversation } from './conversation.ts'
import { holdStart } from './hold-slot.ts'
import { nearest, spread, startsOf, tellSlots } from './offers.ts'
import { findStaff, isWith, pinNamed, staffOf } from './staff.ts'
import { type KnownWish, readWish, WISHED } from './time-arguments.ts'

const SOON_DAYS = 14
const ALTERNATIVES = 6
/** At the end of summer time. */
const LONGEST_DAY_MS = 25 * 3_600_000

/** Whether the agent asked for what it offers to be held. */
export function wantsHold({ said }: Pick<Conversation, 'said'>): boolean {
  return said.flag('hold', 'reserve', 'hold_slot', 'reservieren', 'festhalten')
}

interface Asked {
  service: Offered
  resourceIds: string[] | null
  staff: Offered | null
  wish: KnownWish
}

/** Whoever asks the same at the same moment shares the answer. */
interface Looking {
  tx: Tx
  once: Once
}

interface Found {
  /** Open starts, the wish first. */
  starts: Instant[]
  alternatives: Instant[]
}

export async function checkAvailability(conversation: Conversation): Promise<FunctionResult> {
  return look(conversation, async (looking, asked) => {
    const { wish } = asked
    if (wish.kind === 'START' && !wish.approximate) {
      const range = { from: wish.startsAt, to: wish.startsAt + 1 }
      const starts = await openStarts(looking, conversation, asked, range, null)
      return { starts, alternatives: starts.length > 0 ? [] : await near(looking, conversation, asked, wish.startsAt) }
    }
    if (wish.kind === 'START')
      return { starts: await near(looking, conversation, asked, wish.startsAt), alternatives: [] }
    const starts = await openStarts(looking, conversation, asked, wish, wish.minutes)
    return { starts, alternatives: starts.length > 0 ? [] : await near(looking, conversation, asked, wish.from) }
  })
}

export async function findAlternativeTimes(conversation: Conversation): Promise<FunctionResult> {
  return look(conversation, async (looking, asked) => {
    const { wish } = asked
    const starts =
      wish.kind === 'START'
        ? (await near(looking, conversation, asked, wish.startsAt)).filter((start) => start !== wish.startsAt)
        : await openStarts(looking, conversation, asked, wish, wish.minutes)
    return { starts, alternatives: [] }
  })
}

async function look(
  conversation: Conversation,
  find: (looking: Looking, asked: Asked) => Promise<Found>,
): Promise<FunctionResult> {
  const { read, integration, speech, caller, callId, startedAt } = conversation
  const sentences = sentencesFor(speech)
  const time = readWish(conversation, WISHED)
  if ('answer' in time) return time
  const wish = time.wish ?? soon(startedAt)
  const looked = await read(async (tx, once) => {
    const [catalogue, holds] = await Promise.all([
      readCatalogue(tx, once, integration),
      callId === null ? [] : listSessionHolds(tx, { caller, sessionKey: callId }),
    ])
    const required = requireService(conversation, catalogue)
    if ('answer' in required) return required
    const named = findStaff(conversation, catalogue)
    if ('answer' in named) return named
    const { service } = required
    const { staff } = named
    const offering = await pinNamed(tx, conversation, { service, staff, catalogue })
    if ('answer' in offering) return offering
    const asked = { service, staff, resourceIds: staff && [staff.id], wish }
    return {
      asked,
      catalogue,
      holds: holds.filter((hold) => hold.serviceId === service.id && isWith(hold, staff)),
      found: await find({ tx, once }, asked),
    }
  })
  if ('answer' in looked) return looked
  const { asked, catalogue, holds, found } = looked
  const own = heldAlready(holds, wish)
  if (own) return heldAnswer(conversation, asked, own, staffOf(own, catalogue))
  const { starts, alternatives } = found
  const { service, staff } = asked
  const whom = staff ? [staff.name] : []
  const isExact = wish.kind === 'START' && !wish.approximate
  const first = starts[0]
  if (first !== undefined && wantsHold(conversation) && callId !== null) {
    return holdStart({ ...conversation, callId }, { service, staff, startsAt: first, holdAlternative: true, catalogue })
  }
  if (isExact && first === wish.startsAt) {
    return succeed('FREE', sentences.free(service.name, first, whom), {
      service: service.name,
      slots: tellSlots([first], speech),
    })
  }
  if (first !== undefined) {
    // Of one day its end is told, too; of more days, or "as soon as possible", what comes first.
    const spoken = wish.kind === 'WINDOW' && isOneDay(wish) ? spread(starts) : nearest(starts, speech)
    return succeed('SLOTS', sentences.slots(service.name, spoken, whom), {
      service: service.name,
      slots: tellSlots(starts, speech),
    })
  }
  const data = { service: service.name, alternatives: tellSlots(alternatives, speech) }
  return isExact
    ? decline('NOT_FREE', sentences.notFree(wish.startsAt, nearest(alternatives, speech)), data)
    : decline('NONE_FREE', sentences.noneFree(nearest(alternatives, speech)), data)
}

function isOneDay({ from, to }: { from: Instant; to: Instant }): boolean {
  return to - from <= LONGEST_DAY_MS
}

function soon(now: Instant): KnownWish {
  return { kind: 'WINDOW', from: now, to: now + SOON_DAYS * 86_400_000, minutes: null }
}

/** What the conversation holds is taken for everybody, and free for it. */
function heldAlready(holds: HoldRecord[], wish: KnownWish): HoldRecord | undefined {
  return wish.kind === 'START' ? holds.find((hold) => hold.startsAt === wish.startsAt) : undefined
}

function heldAnswer({ speech }: Conversation, { service }: Asked, hold: HoldRecord, staff: string[]): FunctionResult {
  const { id, startsAt } = hold
  return succeed('HELD', sentencesFor(speech).held(service.name, startsAt, staff), {
    service: service.name,
    staff,
    holdId: `hold_${id}`,
    slots: tellSlots([startsAt], speech),
  })
}

async function openStarts(
  { tx, once }: Looking,
  { integration }: Conversation,
  { service, resourceIds }: Asked,
  range: { from: Instant; to: Instant },
  minutes: MinuteRange | null,
): Promise<Instant[]> {
  const { from } = range
  const to = Math.min(range.to, from + MAX_RANGE_DAYS * 86_400_000)
  const question = { serviceId: service.id, from, to, resourceIds }
  const { slots } = await once(`availability ${JSON.stringify(question)}`, () => findAvailability(tx, question))
  const starts = startsOf(slots)
  return minutes === null ? starts : starts.filter((start) => isWithin(start, minutes, integration.timeZone))
}

async function near(
  { tx, once }: Looking,
  { carrierNumber }: Conversation,
  { service, resourceIds }: Asked,
  at: Instant,
): Promise<Instant[]> {
  const customerId = await findCustomerByCarrierNumber(tx, carrierNumber)
  const wish = {
    serviceId: service.id,
    near: at,
    withinMinutes: null,
    resourceIds,
    customerId,
    first: ALTERNATIVES,
  }
  return startsOf(await once(`alternatives ${JSON.stringify(wish)}`, () => findAlternatives(tx, wish)))
}

function isWithin(start: Instant, { from, to }: MinuteRange, timeZone: string): boolean {
  const { hour, minute } = Temporal.Instant.fromEpochMilliseconds(start).toZonedDateTimeISO(timeZone)
  const minuteOfDay = hour * 60 + minute
  return from <= minuteOfDay && minuteOfDay < to
}

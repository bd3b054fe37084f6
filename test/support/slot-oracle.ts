// The slot rules once more, as naive as can be: minute by minute, every combination tried, Temporal asked each time.
// It shares nothing with the engine but the types.

import type {
  Instant,
  Interval,
  ResourceSchedule,
  ResourceState,
  ServiceDefinition,
  WallRange,
} from '../../src/domain/vocabulary/types.ts'

const minute = 60_000

const answersBySchedule = new WeakMap<ResourceSchedule, Map<Instant, boolean>>()

/** Whether the resource works during the minute that begins at the instant. Remembered: tests ask often. */
export function worksAt(schedule: ResourceSchedule, instant: Instant): boolean {
  const answers = remembered(answersBySchedule, schedule, () => new Map<Instant, boolean>())
  return remembered(answers, instant, () =>
    rangesAround(schedule, localDate(schedule.timeZone, instant)).some(
      (range) => range.start <= instant && instant < range.end,
    ),
  )
}

const rangesBySchedule = new WeakMap<ResourceSchedule, Map<string, Interval[]>>()

/** The resolved ranges that begin on a date or on those near enough to reach into it. */
function rangesAround(schedule: ResourceSchedule, date: string): Interval[] {
  const known = remembered(rangesBySchedule, schedule, () => new Map<string, Interval[]>())
  return remembered(known, date, () =>
    [-2, -1, 0, 1].flatMap((days) => {
      const near = Temporal.PlainDate.from(date).add({ days })
      return hoursOn(schedule, near).map((range) => resolve(schedule.timeZone, near, range))
    }),
  )
}

const dates = new Map<string, Map<Instant, string>>()

function localDate(timeZone: string, instant: Instant): string {
  const known = remembered(dates, timeZone, () => new Map<Instant, string>())
  return remembered(known, instant, () =>
    Temporal.Instant.fromEpochMilliseconds(instant).toZonedDateTimeISO(timeZone).toPlainDate().toString(),
  )
}

function remembered<Key, Value>(
  memory: { get(key: Key): Value | undefined; set(key: Key, value: Value): unknown },
  key: Key,
  find: () => Value,
): Value {
  const known = memory.get(key)
  if (known !== undefined) return known
  const value = find()
  memory.set(key, value)
  return value
}

function hoursOn(schedule: ResourceSchedule, date: Temporal.PlainDate): WallRange[] {
  const override = schedule.dateOverrides.find((each) => each.date === date.toString())
  if (override) return override.hours
  const names = ['', 'MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY', 'SATURDAY', 'SUNDAY']
  return schedule.weeklyHours.filter((range) => range.weekday === names[date.dayOfWeek])
}

function resolve(timeZone: string, date: Temporal.PlainDate, { opensAt, closesAt }: WallRange): Interval {
  const closingDate = closesAt <= opensAt ? date.add({ days: 1 }) : date
  return { start: wallInstant(timeZone, date, opensAt), end: wallInstant(timeZone, closingDate, closesAt) }
}

function wallInstant(timeZone: string, date: Temporal.PlainDate, minutes: number): Instant {
  const wall = date.toPlainDateTime().add({ minutes })
  return wall.toZonedDateTime(timeZone, { disambiguation: 'compatible' }).epochMilliseconds
}

/** Whether the wall clock at the instant shows a multiple of the interval. */
export function isGridMinute(timeZone: string, slotIntervalMinutes: number, instant: Instant): boolean {
  const wall = Temporal.Instant.fromEpochMilliseconds(instant).toZonedDateTimeISO(timeZone)
  return wall.second === 0 && wall.millisecond === 0 && (wall.hour * 60 + wall.minute) % slotIntervalMinutes === 0
}

/** Whether notice and horizon allow the start. */
export function isInBookingWindow(service: ServiceDefinition, startsAt: Instant, now: Instant): boolean {
  if (startsAt < now || startsAt < now + service.minimumNoticeMinutes * minute) return false
  const today = Temporal.Instant.fromEpochMilliseconds(now).toZonedDateTimeISO(service.timeZone).toPlainDate()
  const date = Temporal.Instant.fromEpochMilliseconds(startsAt).toZonedDateTimeISO(service.timeZone).toPlainDate()
  return Temporal.PlainDate.compare(date, today.add({ days: service.bookingHorizonDays })) <= 0
}

/** Whether a resource can serve one segment of a start, every minute of it and of its buffers. */
export function canServe(
  state: ResourceState | undefined,
  service: ServiceDefinition,
  segmentIndex: number,
  startsAt: Instant,
  now: Instant,
): boolean {
  if (!state?.schedule.active) return false
  const { start, end } = segmentTimes(service, startsAt, segmentIndex)
  const { bufferBeforeMinutes, bufferAfterMinutes } = service.segments[segmentIndex] as ServiceDefinition['segments'][0]
  for (let at = start; at < end; at += minute) if (!worksAt(state.schedule, at)) return false
  const taken: Interval[] = [
    ...state.claims.filter((claim) => claim.expiresAt === null || now < claim.expiresAt),
    ...state.busy,
    ...state.schedule.timeOff,
  ]
  for (let at = start - bufferBeforeMinutes * minute; at < end + bufferAfterMinutes * minute; at += minute) {
    if (taken.some((interval) => interval.start < at + minute && at < interval.end)) return false
  }
  return true
}

export function segmentTimes(service: ServiceDefinition, startsAt: Instant, segmentIndex: number): Interval {
  const before = service.segments.slice(0, segmentIndex).reduce((sum, each) => sum + each.durationMinutes, 0)
  const start = startsAt + before * minute
  return { start, end: start + (service.segments[segmentIndex]?.durationMinutes ?? 0) * minute }
}

/** All ways to fill all groups of all segments, each a list of resources by segment and group; every combination is tried. */
export function allWays(
  service: ServiceDefinition,
  isFree: (resourceId: string, segmentIndex: number) => boolean,
): string[][][] {
  const ways: string[][][] = []
  const positions = service.segments.flatMap((segment, segmentIndex) =>
    segment.resourceGroups.map((group) => ({ segmentIndex, candidateIds: [...new Set(group.candidateIds)] })),
  )
  const tryNext = (chosen: string[]): void => {
    const position = positions[chosen.length]
    if (!position) {
      const way = service.segments.map((_, index) => chosen.filter((_, at) => positions[at]?.segmentIndex === index))
      if (isAllowed(service, way)) ways.push(way)
      return
    }
    for (const id of position.candidateIds) if (isFree(id, position.segmentIndex)) tryNext([...chosen, id])
  }
  tryNext([])
  return ways
}

function isAllowed(service: ServiceDefinition, way: string[][]): boolean {
  let previousPerson: string | undefined
  for (const [index, segment] of service.segments.entries()) {
    const chosen = way[index] ?? []
    if (new Set(chosen).size < chosen.length) return false
    const firstStaff = segment.resourceGroups.findIndex((group) => group.kind === 'STAFF')
    if (firstStaff < 0) continue
    const person = chosen[firstStaff]
    if (segment.sameStaffAsPrevious && previousPerson !== undefined && person !== previousPerson) return false
    previousPerson = person
  }
  return true
}

/** All open starts in [from, to) with the candidates of each segment, sorted. */
export function oracleSlots(input: {
  service: ServiceDefinition
  resources: ReadonlyMap<string, ResourceState>
  from: Instant
  to: Instant
  now: Instant
}): { startsAt: Instant; candidates: string[][] }[] {
  const { service, resources, from, to, now } = input
  const slots: { startsAt: Instant; candidates: string[][] }[] = []
  if (!service.active) return slots
  for (let startsAt = Math.ceil(from / minute) * minute; startsAt < to; startsAt += minute) {
    if (!isGridMinute(service.timeZone, service.slotIntervalMinutes, startsAt)) continue
    if (!isInBookingWindow(service, startsAt, now)) continue
    const ways = allWays(service, (id, index) => canServe(resources.get(id), service, index, startsAt, now))
    if (ways.length === 0) continue
    const candidates = service.segments.map((_, index) => [...new Set(ways.flatMap((way) => way[index] ?? []))].sort())
    slots.push({ startsAt, candidates })
  }
  return slots
}

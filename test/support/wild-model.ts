// A language model gone wild: calls the functions at random, under any names, with any types and shapes; a seed replays it.
import type { Random } from './seeded-random.ts'

export interface WildCall {
  name: string
  args: Record<string, unknown>
  /** The local starts that the arguments name (`2027-01-05T10:15`), under whatever name and shape. */
  starts: string[]
  /** Whether something that is no time stands where a time belongs. */
  namesGarbage: boolean
  /** Null: nobody is named. */
  staff: string | null
}

const FUNCTIONS = [
  ...['book_appointment', 'book_appointment', 'book_appointment', 'hold_slot', 'hold_slot', 'reschedule_appointment'],
  ...['check_availability', 'find_alternatives', 'release_slot', 'cancel_appointment', 'find_appointments'],
  'list_services',
]
const TIME_NAMES = [
  ...['date', 'datum', 'when', 'start', 'starts_at', 'start_time', 'time', 'uhrzeit', 'new_date', 'datetime'],
  ...['appointment_datetime', 'wunschtermin', 'appointmentTime', 'Start-Date', 'requested_slot_time', 'terminzeit'],
]
/** Those that are a time whatever stands there. */
const PLAIN_TIME_NAMES = TIME_NAMES.slice(0, 8)
const OTHER_NAMES = [
  'email',
  'notes',
  'x',
  'foo',
  'id',
  'call_id',
  'args',
  'hold',
  '',
  '__proto__',
  'constructor',
  '🙂',
]

export function wildCall(random: Random, { today, team }: { today: Temporal.PlainDate; team: string[] }): WildCall {
  const args: [string, unknown][] = []
  const starts: string[] = []
  let namesGarbage = false
  const timeCount = random.pick([0, 1, 1, 1, 2])
  for (let index = 0; index < timeCount; index++) {
    const name = random.pick(TIME_NAMES)
    if (random.chance(0.3)) {
      const value = garbage(random, 3)
      namesGarbage ||= PLAIN_TIME_NAMES.includes(name) && carries(value)
      args.push([name, value])
      continue
    }
    const start = startOf(random, today)
    starts.push(start)
    args.push(...shapes(random, name, start))
  }
  if (random.chance(0.9))
    args.push(['service', random.pick(['Haircut', ['haircut'], { name: 'Haircut' }, 'Haircut', 7])])
  if (random.chance(0.9))
    args.push(['name', random.pick(['Ada', 'Grace Hopper', { first: 'x' }, null, 12, 'Ignore all'])])
  let staff: string | null = null
  if (random.chance(0.4)) {
    staff = random.pick(team)
    args.push([random.pick(['staff', 'staff_name', 'with', 'friseur']), random.pick([staff, [staff], { name: staff }])])
  }
  for (let index = random.below(3); index > 0; index--) args.push([random.pick(OTHER_NAMES), garbage(random, 3)])
  return { name: random.pick(FUNCTIONS), args: Object.fromEntries(args), starts, namesGarbage, staff }
}

function startOf(random: Random, today: Temporal.PlainDate): string {
  const date = today.add({ days: 4 + random.below(60) })
  return `${date}T${String(8 + random.below(11)).padStart(2, '0')}:${random.pick(['00', '15', '30', '45'])}`
}

function shapes(random: Random, name: string, start: string): [string, unknown][] {
  const [date, time] = start.split('T') as [string, string]
  return random.pick<[string, unknown][]>([
    [[name, start]],
    [[name, [start]]],
    [[name, [date, time]]],
    [[name, { date, time }]],
    [[name, { value: start }]],
    [[name, { start: { date, time } }]],
    [
      ['date', date],
      ['time', time],
    ],
    [
      ['date', { date }],
      ['time', { value: time }],
    ],
    [
      ['day', date],
      ['start_time', time],
    ],
    [['slot', { startsAt: `${start}:00` }]],
    [['appointment', [{ date, time }]]],
  ])
}

function garbage(random: Random, depth: number): unknown {
  const leaves = [
    ...[null, true, false, 0, -1, 3.7, 1e308, 1_763_560_800, '', ' ', 'None', 'banana', '@0', '🙂'.repeat(30)],
    ...['x'.repeat(3000), '{{date}}', "'; drop table appointments; --", '\u0000', 'nicht morgen', '25:61', [], {}],
  ]
  if (depth === 0 || random.chance(0.6)) return random.pick(leaves)
  const parts = Array.from({ length: random.below(4) }, () => garbage(random, depth - 1))
  if (random.chance(0.5)) return parts
  return Object.fromEntries(parts.map((part) => [random.pick([...TIME_NAMES, ...OTHER_NAMES]), part]))
}

const NOTHING = ['', 'None', '{{date}}']

function carries(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.values(value).some(carries)
  return typeof value === 'string' ? !NOTHING.includes(value.trim()) : value !== null
}

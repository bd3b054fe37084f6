// Whatever a model calls with: no fault, and no time or person taken that the arguments did not name.
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openRetellGateway, type RetellGateway } from '../support/retell-gateway.ts'
import { seededRandom } from '../support/seeded-random.ts'
import { type WildCall, wildCall } from '../support/wild-model.ts'

const CALLS = Number(process.env.WILD_CALLS ?? 250)
const SEED = Number(process.env.WILD_SEED ?? 80_538_386)
const TEAM = ['Anna Weber', 'Ben Kaya', 'Clara Vogt', 'Elif Demir']

let gateway: RetellGateway
beforeAll(async () => {
  gateway = await openRetellGateway({ people: TEAM.length })
  for (const [index, name] of TEAM.entries()) {
    await gateway.db.sql`update resources set name = ${name} where id = ${gateway.people[index] as string}`
  }
})
afterAll(() => gateway[Symbol.asyncDispose]())

it(`a model that calls at random gets answers, and takes nothing that it did not name (seed ${SEED})`, async () => {
  const random = seededRandom(SEED)
  const today = Temporal.Now.plainDateISO('Europe/Berlin')
  const taken = { HELD: 0, BOOKED: 0, RESCHEDULED: 0 }
  const from = (index: number) => (index % 3 === 0 ? null : `+49172${String(6_000_000 + index)}`)
  let call = gateway.retell.call({ from: from(0) })
  let held: string[] = []
  for (let index = 0; index < CALLS; index++) {
    if (index % 8 === 0) {
      call = gateway.retell.call({ from: from(index) })
      held = []
    }
    const wild = wildCall(random, { today, team: TEAM })
    const { status, body } = await call.invoke(wild.name, wild.args)
    const said = JSON.stringify({ seed: SEED, index, wild, held, body })
    expect(status, said).toBe(200)
    const { outcome } = body
    if (outcome !== 'HELD' && outcome !== 'BOOKED' && outcome !== 'RESCHEDULED') continue
    taken[outcome]++
    const start = (body.slots as { startsAt: string }[])[0]?.startsAt.slice(0, 16) as string
    expect(isNamed(wild, start, { held, outcome, isInstead: 'insteadOf' in body }), said).toBe(true)
    if (wild.staff !== null && !('insteadOf' in body)) expect(body.staff, said).toContain(wild.staff)
    if (outcome === 'HELD') held.push(start)
  }
  expect(Math.min(taken.HELD, taken.BOOKED)).toBeGreaterThan(0)
}, 1_800_000)

/** A named start; one that is held only where no time is named; what is held at once may be an alternative, which is told. */
function isNamed(
  { starts, namesGarbage, name }: WildCall,
  start: string,
  { held, outcome, isInstead }: { held: string[]; outcome: string; isInstead: boolean },
): boolean {
  if (isInstead || (outcome === 'HELD' && name !== 'hold_slot')) return true
  if (starts.length > 0) return starts.includes(start)
  return outcome === 'BOOKED' && !namesGarbage && held.includes(start)
}

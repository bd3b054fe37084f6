// The honest crowd: watchers, bookers of two organizations and a telephone, all of whom notice when anything fails.

import { setTimeout as pause } from 'node:timers/promises'
import { watchOverWebSockets } from '../chaos/watchers.ts'
import { createFakeRetell } from '../support/fake-retell.ts'
import { requestGraphql } from '../support/graphql-request.ts'
import { seededRandom } from '../support/seeded-random.ts'
import { until } from '../support/until.ts'
import { type Organization, WEBHOOK_KEY, type World } from './world.ts'

export interface Crowd extends AsyncDisposable {
  /** From now on requests are counted here. */
  begin: () => Measured
  /** Resolves when a booking made now has reached a watcher. */
  seesBookings: () => Promise<void>
}

export interface Measured {
  latenciesMs: number[]
  failures: string[]
}

export interface CrowdSize {
  watchers: number
  bookers: number
}

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const THINKING_MS = 200

const HOLD = `mutation ($input: HoldSlotInput!) { holdSlot(input: $input) { __typename ... on Hold { id } ... on Error { code } } }`
const RELEASE =
  'mutation ($input: ReleaseHoldInput!) { releaseHold(input: $input) { __typename ... on Error { code } } }'

export async function gatherCrowd(world: World, size: CrowdSize): Promise<Crowd> {
  const url = world.gateways[0].url
  const leaving = new AbortController()
  let measured: Measured = { latenciesMs: [], failures: [] }
  const from = Math.ceil(Date.now() / DAY_MS) * DAY_MS + 2 * DAY_MS
  const instant = (at: number) => new Date(at).toISOString()

  const watching = world.organizations.map(({ publishableKey, serviceId }, index) =>
    watchOverWebSockets({
      addressOf: () => url,
      key: publishableKey,
      perSocket: 10,
      returnWithinMs: 100,
      random: seededRandom(index + 1),
      views: Array.from({ length: size.watchers / 2 }, () => ({
        ...{ serviceId, from: instant(from), to: instant(from + 2 * DAY_MS) },
      })),
      onClose: (code) => measured.failures.push(`a watcher was closed with ${code}`),
    }),
  )
  const watchers = watching.flatMap(({ all }) => all)
  await until(() => watchers.every(({ known }) => known.counts.snapshots > 0), {
    deadlineMs: 60_000,
    what: 'The crowd',
  })

  const timed = async (what: string, work: () => Promise<string | null>) => {
    const beganAt = performance.now()
    const failure = await work().catch((error: Error) => String(error.cause ?? error.message))
    measured.latenciesMs.push(performance.now() - beganAt)
    if (failure !== null && !leaving.signal.aborted) measured.failures.push(`${what}: ${failure}`)
  }
  const mutate = async ({ publishableKey }: Organization, query: string, input: object, address: string) => {
    const headers = { 'x-forwarded-for': address }
    const { data, errors, status } = await requestGraphql<Record<string, { __typename: string; id?: string }>>(url, {
      ...{ query, variables: { input }, key: publishableKey, headers },
    })
    const [answer] = Object.values(data ?? {})
    if (!answer) throw new Error(`${status} ${errors[0]?.message}`)
    return answer
  }
  const book = async (booker: number) => {
    const organization = world.organizations[booker % 2] as Organization
    const address = `198.51.100.${booker + 1}`
    // Each has slots of its own, a day that nobody watches: what is refused is a failure.
    for (let turn = 0; !leaving.signal.aborted; turn++) {
      const startsAt = instant(from + 10 * DAY_MS + booker * DAY_MS + (turn % 40) * (HOUR_MS / 2))
      let holdId: string | undefined
      await timed('a hold', async () => {
        const slot = { serviceId: organization.serviceId, startsAt }
        const answer = await mutate(organization, HOLD, { slot, sessionKey: `booker ${booker}` }, address)
        holdId = answer.id
        return answer.__typename === 'Hold' ? null : answer.__typename
      })
      if (holdId !== undefined) {
        await timed('a release', async () => {
          const { __typename } = await mutate(organization, RELEASE, { holdId }, address)
          return /Error$/.test(__typename) ? __typename : null
        })
      }
      await pause(THINKING_MS * (0.75 + (booker % 8) / 16), undefined, { signal: leaving.signal }).catch(() => {})
    }
  }
  const retell = createFakeRetell({ url, integrationId: world.integrationId, webhookKey: WEBHOOK_KEY })
  const telephone = async () => {
    while (!leaving.signal.aborted) {
      const call = retell.call({ from: '+493023125000' })
      await timed('the telephone', async () => {
        const { status } = await call.invoke('list_services', {})
        return status === 200 ? null : String(status)
      })
      await pause(THINKING_MS, undefined, { signal: leaving.signal }).catch(() => {})
    }
  }
  const working = [...Array.from({ length: size.bookers }, (_, index) => book(index)), telephone()]

  return {
    begin() {
      measured = { latenciesMs: [], failures: [] }
      return measured
    },
    async seesBookings() {
      const organization = world.organizations[0]
      const before = watchers.map(({ known }) => known.counts.changes)
      const startsAt = instant(from + Math.floor(Math.random() * 40) * HOUR_MS)
      const input = { slot: { serviceId: organization.serviceId, startsAt }, ttlSeconds: 5 }
      await requestGraphql(url, { query: HOLD, variables: { input }, key: organization.secretKey })
      const own = watchers.slice(0, size.watchers / 2)
      await until(() => own.every(({ known }, index) => known.counts.changes > (before[index] ?? 0)), { intervalMs: 5 })
    },
    async [Symbol.asyncDispose]() {
      leaving.abort()
      for (const { close } of watching) close()
      await Promise.all(working)
    },
  }
}

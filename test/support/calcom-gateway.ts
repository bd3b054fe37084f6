// A salon that is connected to a fake Cal.com: jobs run, and its webhooks are heard over real HTTP.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type CalcomConnection, connectCalcom } from '../../src/domain/outside/calendars/calendars.ts'
import { loadExternalBookings } from '../../src/domain/outside/calendars/external-bookings.ts'
import { calcomRoutes } from '../../src/integrations/calcom/routes.ts'
import { calcomTasks } from '../../src/integrations/calcom/rules.ts'
import type { SyncRules } from '../../src/integrations/calcom/sync-twin.ts'
import { startJobs } from '../../src/integrations/jobs/runner.ts'
import { createWebhookDoor } from '../../src/integrations/webhooks/door.ts'
import { createLogger } from '../../src/runtime/logger.ts'
import { QUICK } from './calcom-rules.ts'
import { type FakeCalcom, openFakeCalcom } from './fake-calcom.ts'
import { openSalon, type Salon } from './salon.ts'
import { until } from './until.ts'

export const CUT_TYPE = 101

export interface CalcomGateway extends Salon {
  calcom: FakeCalcom
  integrationId: string
  webhookUrl: string
  twinOf(appointmentId: string): Promise<TwinRow>
  /** What the job has made of it, once nothing is left to do. */
  settled(appointmentId: string, status?: string): Promise<TwinRow>
  startJobs(): AsyncDisposable
}

type TwinRow = { status: string; externalId: string | null; lastError: string | null; suggestedStarts: number[] }

interface Options {
  people?: number
  rules?: Partial<SyncRules>
  jobs?: boolean
  connection?: Partial<CalcomConnection>
  /** Event types that stand for cuts by the first person too. */
  moreTypes?: number[]
  segments?: NonNullable<Parameters<typeof openSalon>[0]>['segments']
}

export async function openCalcomGateway(options: Options = {}): Promise<CalcomGateway> {
  await using stack = new AsyncDisposableStack()
  const calcom = stack.use(await openFakeCalcom())
  const salon = stack.use(
    await openSalon({ people: options.people ?? 2, ...(options.segments && { segments: options.segments }) }),
  )
  const hosts = salon.people.map((_, index) => ({
    id: 9000 + index,
    name: `Person ${index}`,
    email: `person${index}@example.com`,
    username: `person${index}`,
  }))
  calcom.members.push(...hosts)
  for (const [index, host] of hosts.entries()) {
    calcom.eventTypes.set(CUT_TYPE + index, { id: CUT_TYPE + index, title: 'Cut', lengthInMinutes: 30, hosts: [host] })
  }
  const integration = await salon.write((tx) => connectCalcom(tx, connectionTo(calcom, salon, options)))
  const logger = createLogger('silent')
  const open = () =>
    startJobs({
      url: salon.url,
      db: salon.db,
      logger,
      deadAfterMs: QUICK.deadAfterMs,
      tasks: calcomTasks({ db: salon.db, logger, rules: { ...QUICK, ...options.rules } }),
    })
  if (options.jobs ?? true) stack.use(open())
  const door = createWebhookDoor(calcomRoutes({ db: salon.db }), logger)
  const server = createServer((request, response) => void door(request, response, 'request'))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  stack.defer(async () => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  })
  const twinOf = async (appointmentId: string) => {
    const [row] = (await salon.read((tx) => loadExternalBookings(tx, [appointmentId]))).get(appointmentId) ?? []
    if (!row) throw new Error('There is no twin.')
    return row
  }
  const opened = stack.move()
  return {
    ...salon,
    calcom,
    integrationId: integration.id,
    webhookUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhooks/calcom/integration_${integration.id}`,
    twinOf,
    settled: (appointmentId, status = 'SYNCED') =>
      until(
        async () => {
          const twin = await twinOf(appointmentId)
          const [busy] = await salon.db.sql`
            select from external_bookings where appointment_id = ${appointmentId} and leased_until is not null`
          if (twin.status !== status || busy) throw new Error(JSON.stringify(twin))
          return twin
        },
        { deadlineMs: 20_000, what: `The twin to be ${status}` },
      ),
    startJobs: open,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

/** Each person's cuts are an event type of their own. */
export function connectionTo(
  calcom: FakeCalcom,
  { locationId, people, cutId }: Pick<Salon, 'locationId' | 'people' | 'cutId'>,
  { connection: changes, moreTypes = [] }: Pick<Options, 'connection' | 'moreTypes'> = {},
): CalcomConnection {
  return {
    locationId,
    apiKey: calcom.apiKey,
    webhookSecret: calcom.webhookSecret,
    baseUrl: calcom.url,
    versions: {},
    teamId: null,
    eventTypes: [
      ...people.map((resourceId, index) => ({ eventTypeId: CUT_TYPE + index, serviceId: cutId, resourceId })),
      ...moreTypes.map((eventTypeId) => ({ eventTypeId, serviceId: cutId, resourceId: people[0] as string })),
    ],
    hosts: people.map((resourceId, index) => ({ host: `person${index}@example.com`, resourceId })),
    fallbackEmail: 'front-desk@example.com',
    ...changes,
  }
}

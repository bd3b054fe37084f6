import { afterAll, beforeAll, expect, it } from 'vitest'
import { encodeId } from '../../src/schema/machinery/ids.ts'
import { type Gateway, openGateway } from '../schema/gateway.ts'
import { openSalon, publishableCaller, type Salon } from '../support/salon.ts'

let salon: Salon
let gateway: Gateway
beforeAll(async () => {
  salon = await openSalon()
  gateway = openGateway(salon)
})
afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await salon[Symbol.asyncDispose]()
})

const CONNECT = `mutation ($input: ConnectRetellInput!) {
  connectRetell(input: $input) {
    __typename
    ... on Integration {
      id provider active version location { id } webhookAddresses { purpose path }
      voiceAgent { language holdSeconds functions { agentName name } serviceNames { spoken service { id } } }
    }
    ... on InvalidInputError { issues { path } }
  }
}`

function connect(changes: object = {}) {
  return gateway.ask<{ connectRetell: Record<string, unknown> }>(salon.caller, CONNECT, {
    input: { locationId: encodeId('location', salon.locationId), apiKey: 'key_with_the_badge', ...changes },
  })
}

it('connecting tells the addresses to enter, and keeps them when the key changes', async () => {
  const first = (await connect()).data.connectRetell
  expect(first).toMatchObject({ provider: 'RETELL', active: true, version: 1 })
  expect(first.webhookAddresses).toContainEqual({ purpose: 'events', path: `/webhooks/retell/${first.id}/events` })
  const serviceId = encodeId('service', salon.cutId)
  const second = await connect({
    apiKey: 'key_after_rotation',
    language: 'EN',
    functions: [{ agentName: 'termin_buchen', name: 'BOOK_APPOINTMENT' }],
    serviceNames: [{ spoken: 'Schneiden', serviceId }],
  })
  expect(second.data.connectRetell).toMatchObject({
    id: first.id,
    version: 2,
    voiceAgent: {
      language: 'EN',
      holdSeconds: 300,
      functions: [{ agentName: 'termin_buchen', name: 'BOOK_APPOINTMENT' }],
      serviceNames: [{ spoken: 'Schneiden', service: { id: serviceId } }],
    },
  })
  const [stored] = await salon.db.sql`select secrets from integrations`
  expect(stored).toEqual({ secrets: { webhookKey: 'key_after_rotation' } })
})

it('no field of the schema shows a key', async () => {
  const everything = await gateway.ask(
    salon.caller,
    '{ integrations { id voiceAgent { language holdSeconds } } __type(name: "Integration") { fields { name } } }',
  )
  expect(JSON.stringify(everything)).not.toMatch(/key_after_rotation|"(?:secrets?|apiKey|webhookKey)"/)
})

it('faults are named with their paths', async () => {
  const refused = await connect({
    apiKey: 'short',
    holdSeconds: 5,
    functions: [{ agentName: 'with spaces', name: 'HOLD_SLOT' }],
    serviceNames: [{ spoken: ' ', serviceId: 'service_x' }],
  })
  const { issues } = refused.data.connectRetell as { issues: { path: string[] }[] }
  expect(issues.map(({ path }) => path.join('.'))).toEqual([
    'apiKey',
    'holdSeconds',
    'functions.0.agentName',
    'serviceNames.0.serviceId',
    'serviceNames.0.spoken',
  ])
})

it('only secret keys see integrations', async () => {
  const seen = await gateway.ask(publishableCaller(salon.organizationId), '{ integrations { id } }')
  expect(seen.data).toEqual({ integrations: [] })
})

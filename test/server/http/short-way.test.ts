// The short way of a plain POST and Yoga's own way are one door: same status, same headers that matter, same body.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bearer, openTestGateway, type TestGateway } from '../gateway.ts'

let gateway: TestGateway

beforeAll(async () => {
  gateway = await openTestGateway({ documentLimits: { tokens: 200 } })
})

afterAll(() => gateway[Symbol.asyncDispose]())

const cases: { what: string; body: unknown; key?: 'secretKey' | 'publishableKey' | string }[] = [
  { what: 'a query', body: { query: '{ organization { name } }' }, key: 'publishableKey' },
  {
    what: 'a query with variables',
    body: { query: 'query ($id: ID!) { node(id: $id) { id } }', variables: { id: 'x' } },
    key: 'secretKey',
  },
  {
    what: 'null for everything optional',
    body: { query: '{ __typename }', variables: null, operationName: null, extensions: null },
    key: 'secretKey',
  },
  {
    what: 'one of several operations',
    body: { query: 'query A { __typename } query B { b: __typename }', operationName: 'B' },
    key: 'secretKey',
  },
  { what: 'several operations and no name', body: { query: 'query A { __typename } query B { __typename }' } },
  { what: 'an unknown operation', body: { query: 'query A { __typename }', operationName: 'B' } },
  { what: 'an empty operation name', body: { query: 'query A { __typename }', operationName: '' } },
  { what: 'an operation name that is no text', body: { query: '{ __typename }', operationName: 1 } },
  { what: 'a document that cannot be parsed', body: { query: '{' } },
  { what: 'a document with too many tokens', body: { query: `{ ${'__typename '.repeat(200)} }` } },
  { what: 'an unknown field', body: { query: '{ nothing }' } },
  {
    what: 'a variable of the wrong type',
    body: { query: 'query ($id: ID!) { node(id: $id) { id } }', variables: { id: {} } },
    key: 'secretKey',
  },
  { what: 'a missing variable', body: { query: 'query ($id: ID!) { node(id: $id) { id } }' }, key: 'secretKey' },
  {
    what: 'a malformed instant as a variable',
    body: {
      query: 'query ($at: DateTime!) { explainSlot(input: { serviceId: "x", startsAt: $at }) { bookable } }',
      variables: { at: 'noon' },
    },
    key: 'secretKey',
  },
  { what: 'variables that are a list', body: { query: '{ __typename }', variables: [] } },
  { what: 'variables that are a text', body: { query: '{ __typename }', variables: '{}' } },
  { what: 'extensions that are a text', body: { query: '{ __typename }', extensions: '{}' } },
  { what: 'no query', body: {} },
  { what: 'a query that is no text', body: { query: 1 } },
  { what: 'an unknown parameter', body: { query: '{ __typename }', q: 1 } },
  { what: 'a list of requests', body: [{ query: '{ __typename }' }] },
  { what: 'no key', body: { query: '{ organization { name } }' } },
  { what: 'no key, for the name of the type', body: { query: '{ __typename }' } },
  { what: 'an unknown key', body: { query: '{ organization { name } }' }, key: 'pk_unknown' },
  { what: 'a key that may not', body: { query: '{ customers { edges { cursor } } }' }, key: 'publishableKey' },
]

describe.for(['application/json', 'application/graphql-response+json', '*/*', 'text/html'])('Accept: %s', (accept) => {
  test.for(cases)('$what', async ({ body, key }) => {
    const authorization = key ? bearer((gateway as unknown as Record<string, string>)[key] ?? key) : {}
    const send = async (contentType: string) => {
      const response = await fetch(gateway.graphqlUrl, {
        method: 'POST',
        headers: { accept, 'content-type': contentType, ...authorization },
        body: JSON.stringify(body),
      })
      return {
        status: response.status,
        contentType: response.headers.get('content-type'),
        challenge: response.headers.get('www-authenticate'),
        body: await response.json(),
      }
    }
    const short = await send('application/json')
    const whole = await send('application/json; way=yoga')
    expect(short).toEqual(whole)
  })
})

test.for(['application/json', 'application/json; way=yoga'])(
  'a subscription as %s needs an event stream',
  async (type) => {
    const query = 'subscription { appointment(id: "x") { id } }'
    const response = await fetch(gateway.graphqlUrl, {
      method: 'POST',
      headers: { accept: 'application/json', 'content-type': type, ...bearer(gateway.secretKey) },
      body: JSON.stringify({ query }),
    })
    expect(response.status).toBe(406)
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'NOT_ACCEPTABLE' } }] })
  },
)

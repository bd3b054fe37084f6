// GraphQL over HTTP, as the package graphql-http judges it: on the short way and through Yoga whole.

import { serverAudits } from 'graphql-http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openTestGateway, type TestGateway } from './gateway.ts'

let gateway: TestGateway

beforeAll(async () => {
  gateway = await openTestGateway()
})

afterAll(() => gateway[Symbol.asyncDispose]())

/** A content type that the short way leaves to Yoga, wherever the audit sends JSON. */
function throughYoga(url: string | URL | Request, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers)
  if (headers.get('content-type')?.startsWith('application/json')) {
    headers.set('content-type', 'application/json; charset=utf-8; way=yoga')
  }
  return fetch(url, { ...init, headers })
}

describe.for([
  { way: 'the short way', fetchFn: fetch },
  { way: 'Yoga', fetchFn: throughYoga },
])('through $way', ({ fetchFn }) => {
  // The address is known when the audit runs, not when it is listed.
  const audits = serverAudits({ url: () => gateway.graphqlUrl, fetchFn })

  test.for(audits.map(({ id, name, fn }) => ({ id, name, fn })))('$id: the server $name', async ({ fn }) => {
    expect(await fn()).toMatchObject({ status: 'ok' })
  })
})

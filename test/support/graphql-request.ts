// Asks a gateway over HTTP as any client would.

export interface GraphqlAnswer<Data> {
  status: number
  headers: Headers
  data: Data | null
  errors: GraphqlFault[]
}

export interface GraphqlFault {
  message: string
  path?: (string | number)[]
  extensions?: Record<string, unknown>
}

interface GraphqlRequest {
  query: string
  variables?: Record<string, unknown>
  operationName?: string
  /** `pk_…` or `sk_…`. */
  key?: string
  headers?: Record<string, string>
}

/** `url` is the gateway's; `Data` is what the caller knows of the answer's shape. */
export async function requestGraphql<Data>(url: string, request: GraphqlRequest): Promise<GraphqlAnswer<Data>> {
  const { key, headers, ...body } = request
  const response = await fetch(new URL('/graphql', url), {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/graphql-response+json, application/json',
      ...(key && { authorization: `Bearer ${key}` }),
      ...headers,
    },
    body: JSON.stringify(body),
  })
  const answer = (await response.json()) as { data?: Data | null; errors?: GraphqlFault[] }
  return { status: response.status, headers: response.headers, data: answer.data ?? null, errors: answer.errors ?? [] }
}

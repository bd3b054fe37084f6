// The parameters of a GraphQL request: query, variables, operation name, extensions.

export interface Parameters {
  query: string
  variables?: Record<string, unknown> | null
  operationName?: string | null
  extensions?: Record<string, unknown> | null
}

const NAMES = new Set(['query', 'variables', 'operationName', 'extensions'])

/** Null: they are not well-formed; Yoga says why. */
export function readParameters(body: object): Parameters | null {
  const { query, variables, operationName, extensions } = body as Partial<Record<keyof Parameters, unknown>>
  if (typeof query !== 'string' || !isMapOrNothing(variables) || !isMapOrNothing(extensions)) return null
  if (operationName !== undefined && operationName !== null && typeof operationName !== 'string') return null
  for (const name in body) if (!NAMES.has(name)) return null
  return body as Parameters
}

/** Of a GET request: variables and extensions are JSON in the URL. */
export function readUrlParameters(url: string): Parameters | null {
  const search = new URLSearchParams(url.slice(url.indexOf('?') + 1))
  try {
    return readParameters({
      query: search.get('query') ?? undefined,
      operationName: search.get('operationName') || undefined,
      variables: JSON.parse(search.get('variables') || 'null'),
      extensions: JSON.parse(search.get('extensions') || 'null'),
    })
  } catch {
    // Not JSON: as malformed as a variable of the wrong type.
    return null
  }
}

function isMapOrNothing(value: unknown): boolean {
  return value === undefined || value === null || (typeof value === 'object' && !Array.isArray(value))
}

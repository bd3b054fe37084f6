// The n-th booking of a run: which resource, when, for whom. Pure, and the same for every contestant.

export const ORGANIZATION_ID = '00000000-0000-7000-8000-000000000001'
export const LOCATION_ID = '30000000-0000-7000-8000-000000000001'

export const RESOURCE_COUNT = 2000
export const RESOURCES_PER_SERVICE = 20
export const SERVICE_COUNT = RESOURCE_COUNT / RESOURCES_PER_SERVICE
/** One more resource and service, for the hot resource-day: one-minute slots. */
export const HOT_RESOURCE = RESOURCE_COUNT
export const HOT_SERVICE = SERVICE_COUNT
export const KNOWN_CUSTOMERS = 20_000

/** Spread: all resources at one half-hour, then the next. Hot: one resource, minute after minute. */
export type Spread = 'spread' | 'hot'
export const MINUTES: Record<Spread, number> = { spread: 30, hot: 1 }

export interface Booking {
  serviceId: string
  resourceId: string
  startsAt: number
  name: string
  phone: string
}

/** `firstAt`: a midnight, in milliseconds. Half of the callers are known by their phone, half are new. */
export function bookingOf(n: number, spread: Spread, firstAt: number): Booking {
  const resource = spread === 'spread' ? n % RESOURCE_COUNT : HOT_RESOURCE
  const service = spread === 'spread' ? Math.floor(resource / RESOURCES_PER_SERVICE) : HOT_SERVICE
  const step = spread === 'spread' ? Math.floor(n / RESOURCE_COUNT) : n
  return {
    serviceId: serviceUuid(service),
    resourceId: resourceUuid(resource),
    startsAt: firstAt + step * MINUTES[spread] * 60_000,
    name: `Caller ${n}`,
    phone: n % 2 === 0 ? knownPhone((n / 2) % KNOWN_CUSTOMERS) : `+49152${String(n).padStart(8, '0')}`,
  }
}

/** The same in SQL, over the pgbench variables `n` and `first` (seconds). */
export function bookingExpressions(spread: Spread): Record<string, string> {
  const resource = spread === 'spread' ? `:n::int % ${RESOURCE_COUNT}` : `${HOT_RESOURCE}`
  const service = spread === 'spread' ? `(${resource}) / ${RESOURCES_PER_SERVICE}` : `${HOT_SERVICE}`
  const step = spread === 'spread' ? `:n::bigint / ${RESOURCE_COUNT}` : ':n::bigint'
  return {
    organization_id: `'${ORGANIZATION_ID}'::uuid`,
    service_id: uuidExpression('2', service),
    resource_id: uuidExpression('1', resource),
    starts_at: `to_timestamp(:first::bigint + (${step}) * ${MINUTES[spread] * 60})`,
    minutes: String(MINUTES[spread]),
    name: `('Caller ' || :n::int)`,
    phone: `(case when :n::int % 2 = 0 then '+49151' || (10000000 + :n::int / 2 % ${KNOWN_CUSTOMERS}) else '+49152' || lpad((:n::int)::text, 8, '0') end)`,
  }
}

/** Replaces the named parameters of a statement; `::` casts are left alone. */
export function substitute(statement: string, values: Record<string, string>): string {
  return statement.replace(/(?<!:):([a-z_]+)/g, (parameter, name: string) => values[name] ?? parameter)
}

export function resourceUuid(index: number): string {
  return numberedUuid('1', index)
}

export function serviceUuid(index: number): string {
  return numberedUuid('2', index)
}

export function knownPhone(index: number): string {
  return `+49151${10_000_000 + index}`
}

function numberedUuid(kind: string, index: number): string {
  return `${kind}0000000-0000-7000-8000-${index.toString(16).padStart(12, '0')}`
}

function uuidExpression(kind: string, index: string): string {
  return `('${kind}0000000-0000-7000-8000-' || lpad(to_hex(${index}), 12, '0'))::uuid`
}

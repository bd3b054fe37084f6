// Reads the configuration from an environment object and reports all its faults at once.

import path from 'node:path'
import { LIMIT_NAMES, LIMITS, type Limits } from './limits/table.ts'
import { OperatorError } from './operator-error.ts'
import { type Kept, RETENTIONS, SECONDS } from './retention.ts'

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const

type LogLevel = (typeof LOG_LEVELS)[number]

export interface Config {
  /** Null: the embedded PostgreSQL under `dataDirectory`. */
  databaseUrl: string | null
  databasePoolSize: number
  /** Empty: the bus stays in this process. More than one: the nodes of a cluster. */
  redisUrls: string[]
  /** Gateways that share it share live updates: one for each database on a Redis. */
  redisPrefix: string
  host: string
  /** 0: any free port. */
  port: number
  /** Null: metrics are not served. 0: any free port. */
  metricsPort: number | null
  logLevel: LogLevel
  /** Absolute. */
  dataDirectory: string
  /** Whether `serve` applies pending migrations. */
  migrate: boolean
  shutdownTimeoutSeconds: number
  /** What visitors with publishable keys may keep from others. */
  visitorLimits: { holdsPerAddress: number; holdsPerKey: number; bookingsPerPhone: number }
  /** How many proxies stand in front and append to X-Forwarded-For; 0: the header is not believed. */
  proxies: number
  limits: Limits
  /** Seconds for which what is written is kept. */
  kept: Kept
  /** False in tests only: shows that the constraints alone keep claims apart. */
  advisoryLocks: boolean
  /** True in tests and development only: webhooks go to private addresses too, and over http. */
  privateWebhooks: boolean
}

type Environment = Readonly<Record<string, string | undefined>>

/** Throws one OperatorError that names every fault. An empty variable counts as not set. */
export function readConfig(environment: Environment): Config {
  const faults: string[] = []
  const databaseUrl = readUrls(environment, 'DATABASE_URL', ['postgres:', 'postgresql:'], faults)
  if (databaseUrl.length > 1) faults.push('DATABASE_URL must be one URL.')
  const config: Config = {
    databaseUrl: databaseUrl[0] ?? null,
    databasePoolSize: readInteger(environment, 'DATABASE_POOL_SIZE', { default: 10, min: 1, max: 1000 }, faults),
    redisUrls: readUrls(environment, 'REDIS_URL', ['redis:', 'rediss:'], faults),
    redisPrefix: environment.REDIS_PREFIX || 'slotwire:',
    // The demo's keys stand in GraphiQL: without a database of its own a gateway is for this machine only.
    host: environment.HOST || (databaseUrl.length > 0 ? '0.0.0.0' : '127.0.0.1'),
    port: readInteger(environment, 'PORT', { default: 4000, min: 0, max: 65535 }, faults),
    metricsPort: environment.METRICS_PORT
      ? readInteger(environment, 'METRICS_PORT', { default: 0, min: 0, max: 65535 }, faults)
      : null,
    logLevel: readChoice(environment, 'LOG_LEVEL', LOG_LEVELS, 'info', faults),
    dataDirectory: path.resolve(environment.DATA_DIR || '.slotwire'),
    migrate: readChoice(environment, 'MIGRATE', ['on', 'off'], 'on', faults) === 'on',
    shutdownTimeoutSeconds: readInteger(
      environment,
      'SHUTDOWN_TIMEOUT_SECONDS',
      { default: 30, min: 1, max: 3600 },
      faults,
    ),
    visitorLimits: {
      holdsPerAddress: readInteger(environment, 'LIMIT_HOLDS_PER_ADDRESS', limitOf(60), faults),
      holdsPerKey: readInteger(environment, 'LIMIT_HOLDS_PER_KEY', limitOf(2000), faults),
      bookingsPerPhone: readInteger(environment, 'LIMIT_BOOKINGS_PER_PHONE', limitOf(20), faults),
    },
    proxies: readInteger(environment, 'TRUST_PROXY', { default: 0, min: 0, max: 10 }, faults),
    limits: readLimits(environment, faults),
    kept: readKept(environment, faults),
    advisoryLocks: readChoice(environment, 'TEST_ONLY_ADVISORY_LOCKS', ['on', 'off'], 'on', faults) === 'on',
    privateWebhooks: readChoice(environment, 'TEST_ONLY_PRIVATE_WEBHOOKS', ['on', 'off'], 'off', faults) === 'on',
  }
  if (faults.length > 0) throw new OperatorError(`The configuration cannot be used: ${faults.join(' ')}`)
  return config
}

function readLimits(environment: Environment, faults: string[]): Limits {
  const read = (name: keyof Limits) => {
    const { variable, default: fallback } = LIMITS[name]
    return readInteger(environment, variable, { default: fallback, min: 1, max: 2_147_483_647 }, faults)
  }
  return Object.fromEntries(LIMIT_NAMES.map((name) => [name, read(name)])) as Limits
}

interface IntegerRule {
  default: number
  min: number
  max: number
}

function limitOf(most: number): IntegerRule {
  return { default: most, min: 1, max: 100_000 }
}

const LONGEST_KEPT = 36_500

function readKept(environment: Environment, faults: string[]): Kept {
  const variables = Object.values(RETENTIONS).map(({ variable }) => variable)
  return Object.fromEntries(
    Object.entries(RETENTIONS).map(([name, { variable, unit, least, default: usual }], index) => {
      const isFirst = variables.indexOf(variable) === index
      const rule = { default: usual, min: least, max: LONGEST_KEPT }
      return [name, readInteger(environment, variable, rule, isFirst ? faults : []) * SECONDS[unit]]
    }),
  ) as Kept
}

function readInteger(environment: Environment, name: string, rule: IntegerRule, faults: string[]): number {
  const text = environment[name]
  if (!text) return rule.default
  const value = Number(text)
  if (/^\d+$/.test(text) && value >= rule.min && value <= rule.max) return value
  faults.push(`${name} must be a whole number from ${rule.min} to ${rule.max}, not "${text}".`)
  return rule.default
}

function readChoice<Choice extends string>(
  environment: Environment,
  name: string,
  choices: readonly Choice[],
  fallback: Choice,
  faults: string[],
): Choice {
  const text = environment[name]
  if (!text) return fallback
  const choice = choices.find((candidate) => candidate === text.toLowerCase())
  if (choice) return choice
  faults.push(`${name} must be one of ${choices.join(', ')}, not "${text}".`)
  return fallback
}

// The value itself is kept out of the message: it may carry a password.
function readUrls(environment: Environment, name: string, protocols: string[], faults: string[]): string[] {
  const urls = (environment[name] ?? '')
    .split(',')
    .map((url) => url.trim())
    .filter((url) => url !== '')
  for (const url of urls) {
    if (protocols.includes(URL.parse(url)?.protocol ?? '')) continue
    faults.push(`${name} must be a URL that begins with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}.`)
    break
  }
  return urls
}

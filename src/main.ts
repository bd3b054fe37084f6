// The command: reads arguments and environment, runs one command, prints its result on stdout: JSON, or words where people read.

import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import type { CommandContext } from './commands.ts'
import { type Config, readConfig } from './runtime/config.ts'
import { logLibraryOutput } from './runtime/library-output.ts'
import { type Running, reportFailure, runUntilStopped } from './runtime/lifecycle.ts'
import { createLogger, type Logger } from './runtime/logger.ts'
import { hastenImports } from './runtime/quick-imports.ts'

const USAGE = `Usage: slotwire COMMAND

  serve                                                       run a gateway
  migrate                                                     apply pending migrations
  demo                                                        load a demo organization
  create-organization --name NAME                             make a tenant and its first keys
  create-key --organization ID --kind secret|publishable      make another key
  list-keys --organization ID                                 what keys there are, never the keys themselves
  revoke-key --organization ID --key ID                       refuse a key within a second
  check [--json]                                              verify configuration, database and Redis
  help, --help                                                print this
  version, --version                                          print the version

The environment configures it: DATABASE_URL, REDIS_URL, PORT, ... (see the README).
`

const FAILED = 1
const MISUSED = 2
/** It reads the configuration as a part of its work. */
const CHECK_CLOSES_WITHIN_SECONDS = 30

class UsageError extends Error {}

type Environment = Readonly<Record<string, string | undefined>>
type Options = Partial<Record<string, string | boolean>>

/** The options that a command takes; those that end in `?` may be missing. */
const COMMANDS: Record<string, readonly string[]> = {
  serve: [],
  migrate: [],
  demo: [],
  'create-organization': ['name'],
  'create-key': ['organization', 'kind'],
  'list-keys': ['organization'],
  'revoke-key': ['organization', 'key'],
  check: ['json?'],
  help: [],
  version: [],
}

// What a command needs is imported when it runs: loading code is most of a start.
hastenImports()
process.exit(await main(process.argv.slice(2), process.env))

async function main(parameters: string[], environment: Environment): Promise<number> {
  try {
    const { command, options } = parseCommand(parameters)
    if (command === 'help' || command === 'version') {
      process.stdout.write(command === 'help' ? USAGE : `${readVersion()}\n`)
      return 0
    }
    if (command === 'check') return await check(environment, options.json === true || !process.stdout.isTTY)
    const config = readConfig(environment)
    const logger = createLogger(config.logLevel)
    return await run(logger, config.shutdownTimeoutSeconds, async (running) => {
      if (command === 'serve') return serve(config, logger, running)
      print(await runCommand(command, options, { config, logger }))
      running.stop()
      return new AsyncDisposableStack()
    })
  } catch (error) {
    if (error instanceof UsageError) {
      process.stderr.write(`${error.message}\n\n${USAGE}`)
      return MISUSED
    }
    reportFailure(createLogger('info'), error)
    return FAILED
  }
}

function run(logger: Logger, shutdownTimeoutSeconds: number, open: (running: Running) => Promise<AsyncDisposable>) {
  logLibraryOutput(logger)
  return runUntilStopped({ open, logger, shutdownTimeoutSeconds, signals: process, exit: (code) => process.exit(code) })
}

async function serve(config: Config, logger: Logger, running: Running): Promise<AsyncDisposable> {
  // Before graphql is imported: its checks for development double the time of large answers.
  process.env.NODE_ENV ??= 'production'
  const { openApp } = await import('./app.ts')
  const app = await openApp(config, logger, running)
  print({ graphql: app.graphqlUrl })
  logger.info(`Slotwire is ready: GraphiQL is at ${app.graphqlUrl}`)
  return app
}

async function check(environment: Environment, asJson: boolean): Promise<number> {
  const logger = createLogger('warn')
  let ok = false
  const code = await run(logger, CHECK_CLOSES_WITHIN_SECONDS, async (running) => {
    const { checkEverything, describeReport } = await import('./check.ts')
    const report = await checkEverything(environment, logger)
    if (asJson) print(report)
    else process.stdout.write(describeReport(report))
    ok = report.ok
    running.stop()
    return new AsyncDisposableStack()
  })
  return ok ? code : FAILED
}

async function runCommand(command: string, options: Options, context: CommandContext): Promise<object> {
  const commands = await import('./commands.ts')
  if (command === 'migrate') return commands.migrateDatabase(context)
  if (command === 'demo') return commands.loadDemoOrganization(context)
  if (command === 'create-organization') return commands.createOrganizationWithKeys(context, String(options.name))
  const organization = String(options.organization)
  if (command === 'list-keys') return commands.listOrganizationKeys(context, organization)
  if (command === 'revoke-key') return commands.revokeOrganizationKey(context, organization, String(options.key))
  const kind = options.kind === 'secret' ? 'SECRET' : 'PUBLISHABLE'
  return commands.createOrganizationKey(context, { organization, kind })
}

function parseCommand(parameters: string[]): { command: string; options: Options } {
  const { positionals, values } = parse(parameters)
  const [command, ...rest] = positionals
  if (values.help) return { command: 'help', options: values }
  if (values.version) return { command: 'version', options: values }
  if (command === undefined) throw new UsageError('A command is missing.')
  const accepted = Object.hasOwn(COMMANDS, command) ? COMMANDS[command] : undefined
  if (!accepted) throw new UsageError(`There is no command "${command}".`)
  if (rest.length > 0) throw new UsageError(`"${rest[0]}" is one argument too many.`)
  const foreign = Object.keys(values).find((name) => !accepted.includes(name) && !accepted.includes(`${name}?`))
  if (foreign) throw new UsageError(`The command ${command} takes no --${foreign}.`)
  const missing = accepted.find((name) => !name.endsWith('?') && !values[name as keyof typeof values])
  if (missing) throw new UsageError(`The command ${command} needs --${missing}.`)
  if (values.kind && !['secret', 'publishable'].includes(values.kind)) {
    throw new UsageError(`--kind must be secret or publishable, not "${values.kind}".`)
  }
  return { command, options: values }
}

function parse(parameters: string[]) {
  try {
    return parseArgs({
      args: parameters,
      allowPositionals: true,
      options: {
        name: { type: 'string' },
        organization: { type: 'string' },
        kind: { type: 'string' },
        key: { type: 'string' },
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
        version: { type: 'boolean', short: 'v' },
      },
    })
  } catch (error) {
    // Node explains at length how to pass dashes; the first sentence is the fault.
    throw new UsageError(`${(error as Error).message.split('. ')[0]?.replace(/\.$/, '')}.`)
  }
}

function readVersion(): string {
  return JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version
}

function print(result: object): void {
  process.stdout.write(`${JSON.stringify(result)}\n`)
}

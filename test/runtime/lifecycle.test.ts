import { EventEmitter } from 'node:events'
import { expect, test } from 'vitest'
import { errorsWithin, type Running, runUntilStopped } from '../../src/runtime/lifecycle.ts'
import { createLogger } from '../../src/runtime/logger.ts'
import { OperatorError } from '../../src/runtime/operator-error.ts'
import { until } from '../support/until.ts'

const logger = createLogger('silent')

test('what was opened is closed in reverse after a signal, and the exit code is 0', async () => {
  const closed: string[] = []
  const run = start(async () => {
    const stack = new AsyncDisposableStack()
    for (const name of ['database', 'bus', 'server']) stack.defer(() => void closed.push(name))
    return stack
  })
  run.signals.emit('SIGTERM', 'SIGTERM')
  expect(await run.exitCode).toBe(0)
  expect(closed).toEqual(['server', 'bus', 'database'])
})

test('an error while closing keeps nothing else open, and every error is kept', async () => {
  const stack = new AsyncDisposableStack()
  const closed: string[] = []
  stack.defer(() => void closed.push('database'))
  stack.defer(() => Promise.reject(new Error('bus')))
  stack.defer(() => Promise.reject(new Error('server')))
  const failure = await stack.disposeAsync().catch((error: unknown) => error)
  expect(errorsWithin(failure).map((error) => (error as Error).message)).toEqual(['server', 'bus'])
  expect(closed).toEqual(['database'])
})

test('an error while closing ends with exit code 1', async () => {
  const run = start(async () => {
    const stack = new AsyncDisposableStack()
    stack.defer(() => Promise.reject(new OperatorError('The last words could not be written.')))
    return stack
  })
  run.signals.emit('SIGINT', 'SIGINT')
  expect(await run.exitCode).toBe(1)
})

test('a signal while opening gives the opening up without a failure', async () => {
  const run = start(async ({ stopping }) => {
    await until(() => stopping.aborted)
    stopping.throwIfAborted()
    return new AsyncDisposableStack()
  })
  run.signals.emit('SIGINT', 'SIGINT')
  expect(await run.exitCode).toBe(0)
})

test('the loss of something indispensable closes the rest and ends with exit code 1', async () => {
  const closed: string[] = []
  const run = start(async ({ stop }) => {
    stop(new OperatorError('The database is gone.'))
    const stack = new AsyncDisposableStack()
    stack.defer(() => void closed.push('server'))
    return stack
  })
  expect(await run.exitCode).toBe(1)
  expect(closed).toEqual(['server'])
})

test('an error that nobody caught closes the rest and ends with exit code 1', async () => {
  const closed: string[] = []
  const run = start(async () => {
    const stack = new AsyncDisposableStack()
    stack.defer(() => void closed.push('server'))
    return stack
  })
  run.signals.emit('uncaughtException', new OperatorError('Nobody expected this.'))
  expect(await run.exitCode).toBe(1)
  expect(closed).toEqual(['server'])
})

test('a signal that arrives twice is one, and a second one ends the process at once', async () => {
  let now = 1000
  const held = Promise.withResolvers<void>()
  const run = start(
    async () => ({ [Symbol.asyncDispose]: () => held.promise }),
    () => now,
  )
  run.signals.emit('SIGINT', 'SIGINT')
  now += 20
  run.signals.emit('SIGINT', 'SIGINT')
  expect(run.exits).toEqual([])
  now += 1000
  run.signals.emit('SIGINT', 'SIGINT')
  expect(run.exits).toEqual([130])
  held.resolve()
  await run.exitCode
})

test('what does not close within the deadline is left behind with exit code 1', async () => {
  const held = Promise.withResolvers<void>()
  const run = start(async () => ({ [Symbol.asyncDispose]: () => held.promise }))
  run.signals.emit('SIGTERM', 'SIGTERM')
  await until(() => run.exits.length > 0)
  expect(run.exits).toEqual([1])
  held.resolve()
  await run.exitCode
})

test('no listener stays behind', async () => {
  const run = start(async () => new AsyncDisposableStack())
  run.signals.emit('SIGTERM', 'SIGTERM')
  await run.exitCode
  expect(run.signals.eventNames()).toEqual([])
})

function start(open: (running: Running) => Promise<AsyncDisposable>, now?: () => number) {
  const signals = new EventEmitter()
  const exits: number[] = []
  const exit = (code: number) => void exits.push(code)
  const exitCode = runUntilStopped({ open, logger, shutdownTimeoutSeconds: 0.2, signals, exit, now })
  return { signals, exits, exitCode }
}

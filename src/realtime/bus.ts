// The bus: committed transactions on their short way to every gateway. It makes updates fast; the log makes them certain.
import type { CommittedTransaction } from '../db/changes.ts'

export interface BusListener {
  /** Transactions of other gateways; lost, repeated and reordered ones are the listener's to notice. */
  onTransaction(transaction: CommittedTransaction): void
  /** Something was published that may stand for a commit and cannot be read here: the log has it. Not for each, but after the last. */
  onUnreadable(): void
  /** Called when `isReliable` has changed. */
  onReliability(isReliable: boolean): void
}

export interface Bus extends AsyncDisposable {
  /** Begins to deliver. Never fails: what cannot be reached now is tried again. */
  listen(listener: BusListener): void
  /** Never throws and never waits: a booking does not depend on it. */
  publish(transaction: CommittedTransaction): void
  /** True while everything that any gateway publishes is known to arrive. */
  isReliable(): boolean
}

/**
 * Without Redis. The process applies its own transactions anyway; whether there are other gateways it cannot know, so it
 * never claims to be reliable, and the log is read often.
 */
export function createLocalBus(): Bus {
  return {
    listen: () => {},
    publish: () => {},
    isReliable: () => false,
    [Symbol.asyncDispose]: async () => {},
  }
}

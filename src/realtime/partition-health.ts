// Whether a partition can be trusted: it was heard lately. What the client library believes does not count.

export interface PartitionHealth {
  heard(partition: number, atMs: number): void
  /** Nothing heard so far counts any more: the connection may have missed something. */
  forget(): void
  /** When the partition was last heard; -Infinity if never since `forget`. */
  lastHeardAtMs(partition: number): number
  /** Every partition was heard within two heartbeats. */
  isSound(nowMs: number): boolean
}

export const HEARTBEAT_MS = 400
const SILENCE_MS = 2 * HEARTBEAT_MS

export function createPartitionHealth(count: number): PartitionHealth {
  const heardAtMs = new Array<number>(count).fill(Number.NEGATIVE_INFINITY)
  return {
    heard(partition, atMs) {
      heardAtMs[partition] = atMs
    },
    forget: () => void heardAtMs.fill(Number.NEGATIVE_INFINITY),
    lastHeardAtMs: (partition) => heardAtMs[partition] ?? Number.NEGATIVE_INFINITY,
    isSound: (nowMs) => heardAtMs.every((at) => nowMs - at <= SILENCE_MS),
  }
}

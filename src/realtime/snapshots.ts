// PostgreSQL snapshots as sets of transactions: what makes "changed since" exact whatever the order of commits.

/** A transaction is seen if it had ended when the snapshot was taken. */
export interface Snapshot {
  /** Every transaction below has ended. */
  xmin: number
  /** No transaction from here on had begun to count as ended. */
  xmax: number
  /** In between: those that were still running. */
  running: ReadonlySet<number>
}

/** Before everything: sees nothing. */
export const emptySnapshot: Snapshot = { xmin: 0, xmax: 0, running: new Set() }

/** Reads `pg_current_snapshot()`, `xmin:xmax:xip_list`. Null if it is none. */
export function parseSnapshot(text: string): Snapshot | null {
  const match = /^(\d{1,16}):(\d{1,16}):((?:\d{1,16}(?:,\d{1,16})*)?)$/.exec(text)
  if (!match) return null
  return toSnapshot(Number(match[1]), Number(match[2]), match[3] ? match[3].split(',').map(Number) : [])
}

/** Null if it cannot be one. */
export function toSnapshot(xmin: number, xmax: number, running: number[]): Snapshot | null {
  if (!Number.isSafeInteger(xmax) || xmin > xmax || running.some((xid) => xid < xmin || xid >= xmax)) return null
  return { xmin, xmax, running: new Set(running) }
}

export function sees(snapshot: Snapshot, xid: number): boolean {
  return xid < snapshot.xmin || (xid < snapshot.xmax && !snapshot.running.has(xid))
}

/** Whether `later` sees everything that `earlier` sees. */
export function includes(later: Snapshot, earlier: Snapshot): boolean {
  if (earlier.xmax > later.xmax) return false
  for (const xid of later.running) if (sees(earlier, xid)) return false
  return true
}

// Where a subscriber that has read an update goes on: the cursor that belongs to it.

const points = new WeakMap<object, string>()

/** For updates that carry no cursor themselves. */
export function setResumePoint(update: object, cursor: string): void {
  points.set(update, cursor)
}

/** Null: there is none. */
export function resumePointOf(update: unknown): string | null {
  if (typeof update !== 'object' || update === null) return null
  if ('cursor' in update && typeof update.cursor === 'string') return update.cursor
  return points.get(update) ?? null
}

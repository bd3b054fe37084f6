// Loading many rows by id in one statement, however many fields ask for them one by one.

export interface Batch<V> {
  /** The value at once if it is known already, else a promise of it. Null: there is none. */
  load(id: string): V | null | Promise<V | null>
  /** Makes these known with one statement, before thousands of fields ask. */
  preload(ids: Iterable<string>): Promise<void>
  /** Something else has read it in the same moment. */
  know(id: string, value: V): void
}

export function createBatch<V>(loadMany: (ids: string[]) => Promise<Map<string, V>>): Batch<V> {
  const known = new Map<string, V | null>()
  const asked = new Map<string, Promise<V | null>>()
  let collecting: { ids: string[]; loaded: Promise<void> } | null = null

  const collect = (id: string): Promise<void> => {
    if (!collecting) {
      const ids: string[] = []
      // After all promises that are settled now: fields of one level ask in the same turn.
      const turn = Promise.resolve().then(() => new Promise<void>((resolve) => process.nextTick(resolve)))
      const loaded = turn.then(async () => {
        collecting = null
        const found = await loadMany(ids)
        for (const each of ids) known.set(each, found.get(each) ?? null)
      })
      collecting = { ids, loaded }
    }
    collecting.ids.push(id)
    return collecting.loaded
  }

  const load = (id: string) => {
    const value = known.get(id)
    if (value !== undefined) return value
    let promise = asked.get(id)
    if (!promise) {
      promise = collect(id).then(() => known.get(id) ?? null)
      asked.set(id, promise)
    }
    return promise
  }

  return {
    load,
    async preload(ids) {
      await Promise.all(new Set(ids).values().map(load))
    },
    know: (id, value) => void known.set(id, value),
  }
}

/** Makes resolvers that answer one field of a record which is read by id: without a promise if it is known already. */
export function recordField<Context, Parent, R>(
  load: (ctx: Context, parent: Parent) => R | null | Promise<R | null>,
): <V>(pick: (record: R) => V) => (parent: Parent, args: unknown, ctx: Context) => V | Promise<V> {
  return (pick) => (parent, _args, ctx) => {
    const record = load(ctx, parent)
    return record instanceof Promise ? record.then((loaded) => pick(present(loaded))) : pick(present(record))
  }
}

// Records that others refer to are never deleted: a missing one is a fault.
function present<R>(record: R | null): R {
  if (record === null) throw new Error('A record that another one refers to is missing.')
  return record
}

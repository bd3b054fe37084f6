// A cache of what was made from a text, bounded by the length of the texts it keeps.

export interface BoundedCache<Value> {
  get(key: string): Value | undefined
  set(key: string, value: Value): void
}

/**
 * Two generations: what was used since the last turn survives the next one. A look-up costs one or two map reads; an
 * exact least-recently-used order would have to write on every hit. Counting entries alone would let a stranger
 * fill the memory with a thousand documents of the greatest length.
 */
export function createBoundedCache<Value>({ maxCharacters }: { maxCharacters: number }): BoundedCache<Value> {
  let young = new Map<string, Value>()
  let old = new Map<string, Value>()
  let characters = 0

  const set = (key: string, value: Value) => {
    if (key.length > maxCharacters / 16) return
    characters += key.length
    if (characters > maxCharacters / 2) {
      old = young
      young = new Map()
      characters = key.length
    }
    young.set(key, value)
  }

  return {
    get(key) {
      const value = young.get(key)
      if (value !== undefined) return value
      const aged = old.get(key)
      if (aged !== undefined) set(key, aged)
      return aged
    },
    set,
  }
}

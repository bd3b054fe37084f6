// Lets whoever asks for what is under way wait for its result.

export interface SingleFlight<T> {
  run(key: string, work: () => Promise<T>): Promise<T>
}

export function createSingleFlight<T>(): SingleFlight<T> {
  const underWay = new Map<string, Promise<T>>()
  return {
    run(key, work) {
      const present = underWay.get(key)
      if (present) return present
      const started = work().finally(() => underWay.delete(key))
      underWay.set(key, started)
      return started
    },
  }
}

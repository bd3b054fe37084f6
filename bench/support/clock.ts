// One clock for all processes of this machine.

/** Milliseconds of the monotonic clock, with microseconds behind the point. */
export function monotonicMs(): number {
  const [seconds, nanoseconds] = process.hrtime()
  return seconds * 1000 + nanoseconds / 1e6
}

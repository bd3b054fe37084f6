// Counts the events of a server-sent event stream, whatever way they were cut into chunks.

export interface EventCounter {
  push(bytes: Buffer, start: number, end: number): void
}

const MARK = Buffer.from('data: {')

/** `onEvent` gets the place where the event's JSON begins and the end of what has arrived. */
export function createEventCounter(onEvent: (bytes: Buffer, start: number, end: number) => void): EventCounter {
  /** How much of a mark the last bytes already were. */
  let matched = 0
  return {
    push(bytes, start, end) {
      let at = start
      if (matched > 0) {
        const rest = MARK.subarray(matched)
        if (bytes.compare(rest, 0, rest.length, at, Math.min(end, at + rest.length)) === 0) onEvent(bytes, at, end)
        matched = 0
      }
      for (;;) {
        const found = bytes.indexOf(MARK, at)
        if (found < 0 || found + MARK.length > end) break
        at = found + MARK.length
        onEvent(bytes, at - 1, end)
      }
      for (let length = Math.min(MARK.length - 1, end - at); length > 0; length--) {
        if (bytes.compare(MARK, 0, length, end - length, end) === 0) {
          matched = length
          return
        }
      }
    },
  }
}

// The bytes of one result, shared by everybody it goes to: WebSocket frames with the client's id in front, event chunks.

/** One execution's result, serialized once. */
export interface SharedBytes {
  /** A whole text frame of graphql-transport-ws: `next` for the subscription `id`. */
  frameFor(id: string): Buffer
  /** A whole event of a stream. */
  event(): Buffer
}

/** Clients of one kind often choose the same id; beyond this many the frames are made anew. */
const KEPT_FRAMES = 16

/** `eventId`: what an event stream's client sends back as Last-Event-ID. */
export function shareBytes(payload: string, eventId: string | null): SharedBytes {
  const tail = Buffer.from(`${payload}}`)
  const frames = new Map<string, Buffer>()
  let event: Buffer | undefined
  return {
    frameFor(id) {
      const kept = frames.get(id)
      if (kept) return kept
      const frame = textFrame(`{"id":${JSON.stringify(id)},"type":"next","payload":`, tail)
      if (frames.size < KEPT_FRAMES) frames.set(id, frame)
      return frame
    },
    event() {
      event ??= Buffer.from(formatEvent(payload, eventId))
      return event
    },
  }
}

export function formatEvent(payload: string, eventId: string | null): string {
  return `${eventId === null ? '' : `id: ${eventId}\n`}event: next\ndata: ${payload}\n\n`
}

const FINAL_TEXT_FRAME = 0x81

/** RFC 6455, section 5.2: unmasked, in one fragment, as a server sends it. */
function textFrame(head: string, tail: Buffer): Buffer {
  const headLength = Buffer.byteLength(head)
  const length = headLength + tail.length
  const headerLength = length < 126 ? 2 : length < 65_536 ? 4 : 10
  const frame = Buffer.allocUnsafe(headerLength + length)
  frame[0] = FINAL_TEXT_FRAME
  if (headerLength === 2) frame[1] = length
  else if (headerLength === 4) {
    frame[1] = 126
    frame.writeUInt16BE(length, 2)
  } else {
    frame[1] = 127
    frame.writeBigUInt64BE(BigInt(length), 2)
  }
  frame.write(head, headerLength)
  tail.copy(frame, headerLength + headLength)
  return frame
}

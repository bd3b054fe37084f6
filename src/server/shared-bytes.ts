// The bytes of one result, shared by everybody it goes to: WebSocket frames with the client's id in front, event chunks.

/** One execution's result, serialized once. */
export interface SharedBytes {
  /** A whole text frame of graphql-transport-ws: `next` for the subscription that `head` names. */
  frameFor(head: FrameHead): Buffer
  /** A whole event of a stream. */
  event(): Buffer
}

/** What stands before the payload in every message of one subscription; made once. */
export interface FrameHead {
  id: string
  bytes: Buffer
}

export function frameHead(id: string): FrameHead {
  return { id, bytes: Buffer.from(`{"id":${JSON.stringify(id)},"type":"next","payload":`) }
}

/** `eventId`: what an event stream's client sends back as Last-Event-ID. */
export function shareBytes(payload: string, eventId: string | null): SharedBytes {
  const tail = Buffer.from(`${payload}}`)
  // Clients of one kind often choose the same id.
  let lastId: string | undefined
  let lastFrame: Buffer = tail
  let event: Buffer | undefined
  return {
    frameFor({ id, bytes }) {
      if (id !== lastId) {
        lastId = id
        lastFrame = textFrame(bytes, tail)
      }
      return lastFrame
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
function textFrame(head: Buffer, tail: Buffer): Buffer {
  const length = head.length + tail.length
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
  head.copy(frame, headerLength)
  tail.copy(frame, headerLength + head.length)
  return frame
}

// The bytes of one result, shared by everybody it goes to: WebSocket frames with the client's id in front, event chunks.

import type { Writable } from 'node:stream'

/** One execution's result, serialized once. */
export interface SharedBytes {
  /** Writes a whole text frame of graphql-transport-ws: `next` for the subscription whose id, as JSON, is `label`. */
  writeFrame(socket: Writable, label: string): void
  /** A whole event of a stream. */
  event(): Buffer
  /** The same as a chunk of HTTP/1.1 (RFC 9112, section 7.1). */
  chunk(): Buffer
}

/** `eventId`: what an event stream's client sends back as Last-Event-ID. */
export function shareBytes(payload: string, eventId: string | null): SharedBytes {
  let rest: Buffer | undefined
  let frame: Frame | null = null
  let event: Buffer | undefined
  let chunk: Buffer | undefined
  return {
    writeFrame(socket, label) {
      if (!frame || !relabel(frame, label)) {
        rest ??= Buffer.from(`,"type":"next","payload":${payload}}`)
        frame = textFrame(label, rest)
      }
      socket.write(frame.bytes)
      // What is still on its way must stay as it is. Else one frame serves for all, a few bytes of it rewritten.
      if (socket.writableLength > 0) frame = null
    },
    event() {
      event ??= Buffer.from(formatEvent(payload, eventId))
      return event
    },
    chunk() {
      chunk ??= chunkOf(this.event())
      return chunk
    },
  }
}

export function formatEvent(payload: string, eventId: string | null): string {
  return `${eventId === null ? '' : `id: ${eventId}\n`}event: next\ndata: ${payload}\n\n`
}

function chunkOf(bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')])
}

interface Frame {
  bytes: Buffer
  label: string
  labelAt: number
  labelBytes: number
}

/** False: the label has another length. */
function relabel(frame: Frame, label: string): boolean {
  if (label === frame.label) return true
  if (Buffer.byteLength(label) !== frame.labelBytes) return false
  frame.bytes.write(label, frame.labelAt)
  frame.label = label
  return true
}

const FINAL_TEXT_FRAME = 0x81
const START = Buffer.from('{"id":')

/** RFC 6455, section 5.2: unmasked, in one fragment, as a server sends it. */
function textFrame(label: string, rest: Buffer): Frame {
  const labelBytes = Buffer.byteLength(label)
  const length = START.length + labelBytes + rest.length
  const headerLength = length < 126 ? 2 : length < 65_536 ? 4 : 10
  const bytes = Buffer.allocUnsafe(headerLength + length)
  bytes[0] = FINAL_TEXT_FRAME
  if (headerLength === 2) bytes[1] = length
  else if (headerLength === 4) {
    bytes[1] = 126
    bytes.writeUInt16BE(length, 2)
  } else {
    bytes[1] = 127
    bytes.writeBigUInt64BE(BigInt(length), 2)
  }
  const labelAt = headerLength + START.length
  START.copy(bytes, headerLength)
  bytes.write(label, labelAt)
  rest.copy(bytes, labelAt + labelBytes)
  return { bytes, label, labelAt, labelBytes }
}

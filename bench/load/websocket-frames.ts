// A hand-framed WebSocket client: the `ws` client costs more than the servers it would measure.

const TEXT = 0x1
const PING = 0x9
const PONG = 0xa

export const HANDSHAKE_HEADERS = [
  'Upgrade: websocket',
  'Connection: Upgrade',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Version: 13',
].join('\r\n')

export function textFrame(text: string): Buffer {
  return clientFrame(TEXT, Buffer.from(text))
}

// Masked with zeros, as the payload is then sent as it is.
function clientFrame(opcode: number, payload: Buffer): Buffer {
  const extended = payload.length > 125
  const header = Buffer.alloc(extended ? 8 : 6)
  header[0] = 0x80 | opcode
  header[1] = 0x80 | (extended ? 126 : payload.length)
  if (extended) header.writeUInt16BE(payload.length, 2)
  return Buffer.concat([header, payload])
}

export interface FrameReader {
  /** The bytes are read in place; they may be overwritten after the call. */
  push(bytes: Buffer, start: number, end: number): void
}

interface FrameHandlers {
  /** Called at the begin of every text frame, with as much of it as has arrived. */
  onText(bytes: Buffer, start: number, end: number): void
  pong(frame: Buffer): void
}

/** Frames of a server are not masked, and ours are below 64 KB (a length of 127 is read as 32 bits). */
export function createFrameReader({ onText, pong }: FrameHandlers): FrameReader {
  let payloadLeft = 0
  let cutHeader: Buffer | null = null
  return {
    push(bytes, start, end) {
      let at = start
      if (cutHeader) {
        const joined = Buffer.concat([cutHeader, bytes.subarray(start, end)])
        cutHeader = null
        bytes = joined
        at = 0
        end = joined.length
      }
      while (at < end) {
        if (payloadLeft > 0) {
          const taken = Math.min(payloadLeft, end - at)
          payloadLeft -= taken
          at += taken
          continue
        }
        const short = end - at < 2 ? 0 : (bytes[at + 1] as number) & 0x7f
        const headerLength = short === 126 ? 4 : short === 127 ? 10 : 2
        if (end - at < headerLength) {
          cutHeader = Buffer.from(bytes.subarray(at, end))
          return
        }
        const opcode = (bytes[at] as number) & 0x0f
        const length = short === 126 ? bytes.readUInt16BE(at + 2) : short === 127 ? bytes.readUInt32BE(at + 6) : short
        at += headerLength
        payloadLeft = length
        if (opcode === TEXT) onText(bytes, at, Math.min(end, at + length))
        else if (opcode === PING) pong(clientFrame(PONG, bytes.subarray(at, Math.min(end, at + length))))
      }
    },
  }
}

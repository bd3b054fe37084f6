// The lines of iCalendar (RFC 5545, 3.1): how text is escaped, and how long lines are folded.

const LINE_LIMIT_BYTES = 75

/** `name` may carry parameters; `value` is finished. Ends with CRLF. */
export function contentLine(name: string, value: string): string {
  return `${fold(`${name}:${value}`)}\r\n`
}

/** A value of type TEXT. Control characters have no place in one. */
export function textValue(text: string): string {
  return text
    .toWellFormed()
    .replace(/\r\n?|[\u2028\u2029]/g, '\n')
    .replace(CONTROLS, '')
    .replace(/[\\;,]/g, '\\$&')
    .replaceAll('\n', '\\n')
}

/** In UTC: 20270301T090000Z. Whole seconds, there is nothing finer. */
export function instantValue(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`
}

// All but tab and line feed.
const CONTROLS = /(?![\t\n])\p{Cc}/gu

/** At most 75 octets a line, the blank that begins a continuation included; no character is cut. */
function fold(line: string): string {
  if (Buffer.byteLength(line) <= LINE_LIMIT_BYTES) return line
  let folded = ''
  let length = 0
  for (const character of line) {
    const bytes = Buffer.byteLength(character)
    if (length + bytes > LINE_LIMIT_BYTES) {
      folded += '\r\n '
      length = 1
    }
    folded += character
    length += bytes
  }
  return folded
}

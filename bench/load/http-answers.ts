// Puts the chunks of one connection together to whole HTTP answers, one outstanding at a time.

export interface AnswerReader {
  /** The answer, head and body, when it is complete. */
  push(chunk: Buffer): string | null
}

export function createAnswerReader(): AnswerReader {
  let text = ''
  return {
    push(chunk) {
      text += chunk.toString('latin1')
      const headEnd = text.indexOf('\r\n\r\n')
      if (headEnd < 0) return null
      const head = text.slice(0, headEnd)
      const [, length] = /\r\ncontent-length: *(\d+)/i.exec(head) ?? []
      const complete =
        length === undefined ? text.endsWith('\r\n0\r\n\r\n') : text.length >= headEnd + 4 + Number(length)
      if (!complete) return null
      const answer = text
      text = ''
      return answer
    },
  }
}

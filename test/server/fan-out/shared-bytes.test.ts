// One frame serves many clients: each gets its own id, whole, however slowly its bytes leave.
import { Writable } from 'node:stream'
import { expect, it } from 'vitest'
import { shareBytes } from '../../../src/server/fan-out/shared-bytes.ts'

/** Keeps the very bytes that it was given until `release`, as a socket does whose client does not read. */
function openStream({ isSlow }: { isSlow: boolean }) {
  const held: Buffer[] = []
  const finish: (() => void)[] = []
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      held.push(isSlow ? chunk : Buffer.from(chunk))
      if (isSlow) finish.push(done)
      else done()
    },
  })
  const messages = () => held.map((frame) => JSON.parse(frame.subarray(frame[1] === 126 ? 4 : 2).toString()))
  const release = () => {
    for (const done of finish.splice(0)) done()
  }
  return { stream, messages, release }
}

it.each([10, 300, 1000])('a client that does not read gets its own id all the same (%i bytes)', (length) => {
  const payload = JSON.stringify({ data: 'x'.repeat(length) })
  const bytes = shareBytes(payload, null)
  const slow = openStream({ isSlow: true })
  const quick = openStream({ isSlow: false })
  const ids = ['one', 'two', 'six', 'a longer one', 'Zürich', 'Zurichs', 'one']
  bytes.writeFrame(slow.stream, JSON.stringify('own'))
  for (const id of ids) bytes.writeFrame(quick.stream, JSON.stringify(id))
  slow.release()
  const message = (id: string) => ({ id, type: 'next', payload: JSON.parse(payload) })
  expect(slow.messages()).toEqual([message('own')])
  expect(quick.messages()).toEqual(ids.map(message))
})

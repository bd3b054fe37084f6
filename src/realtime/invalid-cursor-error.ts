// The caller's `after` is no cursor: a fault of the request, not of the stream.

export class InvalidCursorError extends Error {
  override readonly name = 'InvalidCursorError'

  constructor() {
    super('`after` is not a cursor that came from here.')
  }
}

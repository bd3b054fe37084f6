// A fault that whoever runs the process can mend: told as one sentence, without a stack.

export class OperatorError extends Error {
  override readonly name = 'OperatorError'
}

// What is counted about deliveries: for metrics, with labels of bounded number only.

export type ReceivedOutcome = 'processed' | 'duplicate' | 'ignored' | 'rejected' | 'failed'
export type SignatureFault = 'missing' | 'malformed' | 'expired' | 'mismatch'

export interface WebhookObserver {
  /** `event` is from a known list, else `other`. */
  received(delivery: { source: string; event: string; outcome: ReceivedOutcome; seconds: number }): void
  signatureRefused(refusal: { source: string; reason: SignatureFault }): void
  /** A function that was called during a conversation; `name` is from a known list, else `other`. */
  functionAnswered(call: { name: string; outcome: string; seconds: number }): void
}

export const unobserved: WebhookObserver = {
  received: () => {},
  signatureRefused: () => {},
  functionAnswered: () => {},
}

// A delivery from outside as its handler sees it, and the answer.

export interface WebhookRequest {
  method: string
  /** Lower-case names, as node:http gives them. */
  headers: Readonly<Record<string, string | string[] | undefined>>
  /** The bytes as they arrived: signatures are over these and nothing else. Read only when it is known whose they are to be. */
  readBody: (integrationId: string) => Promise<Buffer>
  /** Its signature is that of this integration: from now on it is counted there. */
  genuine: (integrationId: string) => void
  /** From the path of the route. */
  parameters: Readonly<Record<string, string | undefined>>
}

/** 2xx: done, or done before. 4xx: refused for good. 5xx: please retry. */
export interface WebhookResponse {
  status: number
  body: object | null
  headers?: Record<string, string>
}

export type WebhookHandler = (request: WebhookRequest) => Promise<WebhookResponse>

/** Refused for good: sending it again would change nothing. */
export function refuse(status: number, message: string, headers?: Record<string, string>): WebhookResponse {
  return { status, body: { error: message }, ...(headers && { headers }) }
}

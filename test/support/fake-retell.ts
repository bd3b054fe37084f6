// A fake of Retell's side: signs and sends what the service sends, over real HTTP, with its duplicates and its quirks.
import { randomUUID } from 'node:crypto'
import { request as startRequest } from 'node:http'
import { text as textOf } from 'node:stream/consumers'
import { signAsRetell } from '../../src/integrations/retell/signature.ts'

export interface FakeRetellOptions {
  /** Of the gateway. */
  url: string
  integrationId: string
  webhookKey: string
  now?: () => number
}

export interface Reply {
  status: number
  body: Record<string, unknown>
}

export type FunctionReply = Reply & {
  body: { success: boolean; outcome: string; message: string } & Record<string, unknown>
}

export interface FakeRetell {
  /** Any body to any of the addresses, signed as it stands. */
  send(path: string, body: unknown, options?: SendOptions): Promise<Reply>
  event(event: string, call: Record<string, unknown>, beside?: Record<string, unknown>): Promise<Reply>
  /** The inbound webhook, then a call that uses what it answered. */
  ring(numbers: { from?: string; to?: string }): Promise<FakeCall>
  call(numbers?: { from?: string | null; to?: string; metadata?: unknown }): FakeCall
}

export interface SendOptions {
  signature?: string
  method?: string
  raw?: string | Buffer
}

export interface FakeCall {
  callId: string
  object: Record<string, unknown>
  /** A tool call: its id is in the transcript, as the service puts it. */
  invoke(name: string, args: unknown, options?: { toolCallId?: string | null }): Promise<FunctionReply>
}

export function createFakeRetell({ url, integrationId, webhookKey, now = Date.now }: FakeRetellOptions): FakeRetell {
  const base = `${url}/webhooks/retell/integration_${integrationId}`

  async function send(path: string, body: unknown, options: SendOptions = {}): Promise<Reply> {
    const raw = options.raw ?? JSON.stringify(body)
    const { status, text } = await exchange(`${base}/${path}`, {
      method: options.method ?? 'POST',
      headers: {
        'content-type': 'application/json',
        'x-retell-signature': options.signature ?? signAsRetell(raw, webhookKey, now()),
      },
      body: raw,
    })
    return { status, body: text === '' ? {} : JSON.parse(text) }
  }

  function call({ from, to = '+493012345', metadata }: { from?: string | null; to?: string; metadata?: unknown } = {}) {
    const callId = `call_${randomUUID().replaceAll('-', '')}`
    const object: Record<string, unknown> = {
      call_id: callId,
      agent_id: 'agent_1',
      call_status: 'registered',
      ...(from === null
        ? { call_type: 'web_call' }
        : { call_type: 'phone_call', direction: 'inbound', from_number: from ?? '+491701234567', to_number: to }),
      ...(metadata !== undefined && { metadata }),
      start_timestamp: now(),
    }
    const transcript: unknown[] = []
    return {
      callId,
      object,
      async invoke(
        name: string,
        args: unknown,
        { toolCallId = `tool_${randomUUID()}` }: { toolCallId?: string | null } = {},
      ) {
        if (toolCallId !== null) {
          const known = transcript.some((item) => (item as { tool_call_id?: string }).tool_call_id === toolCallId)
          const item = { role: 'tool_call_invocation', tool_call_id: toolCallId, name, arguments: JSON.stringify(args) }
          if (!known) transcript.push({ role: 'agent', content: 'One moment.' }, item)
        }
        const told = toolCallId === null ? {} : { transcript_with_tool_calls: [...transcript] }
        return (await send('functions', { name, args, call: { ...object, ...told } })) as FunctionReply
      },
    }
  }

  return {
    send,
    call,
    event: (event, callObject, beside = {}) => send('events', { event, call: callObject, ...beside }),
    async ring({ from = '+491701234567', to = '+493012345' }) {
      const { body } = await send('inbound', {
        event: 'call_inbound',
        event_timestamp: now(),
        call_inbound: { from_number: from, to_number: to, agent_id: 'agent_1' },
      })
      return call({ from, to, metadata: (body.call_inbound as { metadata?: unknown })?.metadata })
    },
  }
}

/** Not `fetch`: a hundred calls at once would measure that. */
function exchange(
  url: string,
  { body, ...options }: { method: string; headers: Record<string, string>; body: string | Buffer },
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const request = startRequest(url, options, (response) => {
      textOf(response).then((text) => resolve({ status: response.statusCode ?? 0, text }), reject)
    })
    request.on('error', reject).end(body)
  })
}

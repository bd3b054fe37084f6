// Asks whether Redis answers: for the command `check`, before anything depends on it.

import { Cluster, Redis } from 'ioredis'

const DEADLINE_MS = 5000

/** One URL: a server. Several: the nodes of a cluster. Throws when there is no answer. */
export async function pingRedis(urls: string[]): Promise<void> {
  const [url] = urls
  if (url === undefined) return
  const options = { lazyConnect: true, connectTimeout: DEADLINE_MS, retryStrategy: () => null }
  const client =
    urls.length === 1
      ? new Redis(url, { ...options, maxRetriesPerRequest: 0 })
      : new Cluster(urls, { lazyConnect: true, clusterRetryStrategy: () => null })
  let fault: Error | undefined
  client.on('error', (error: Error) => {
    fault = error
  })
  try {
    await client.connect()
    await client.ping()
  } catch (error) {
    throw fault ?? error
  } finally {
    client.disconnect()
  }
}

// The connections of the bus to Redis: a single server, or a cluster with sharded pub/sub.
import { type PubSubRedisOptions, RedisPubSub } from 'graphql-redis-subscriptions'
import { Cluster, Redis } from 'ioredis'

export interface RedisConnections {
  pubSub: RedisPubSub
  /** Ends everything at once. What was on its way is lost. */
  disconnect(): void
}

interface ConnectionsInput {
  urls: string[]
  /** A connection was lost or could not be made: messages may have been missed. */
  onLoss: (error?: Error) => void
  /** A connection is there (again). */
  onReady: () => void
}

// A restarted Redis is found again quickly; the library's own pause grows to five seconds.
const retryStrategy = (times: number) => Math.min(50 * times, 500) * (0.75 + Math.random() / 2)
const CONNECTION = { connectTimeout: 2000, retryStrategy }
// A frozen server must not collect commands, and an absent one not queue what would be old news when it is back.
const PUBLISHER = { ...CONNECTION, enableOfflineQueue: false, commandTimeout: 1000, maxRetriesPerRequest: 0 }

export function openRedisConnections({ urls, onLoss, onReady }: ConnectionsInput): RedisConnections {
  const watch = <Client extends Redis | Cluster>(client: Client) => {
    // Without a listener for errors the library writes them to stderr.
    client.on('error', onLoss).on('close', onLoss).on('ready', onReady)
    return client
  }
  const [url] = urls
  if (urls.length === 1 && url !== undefined) {
    const publisher = watch(new Redis(url, PUBLISHER))
    const subscriber = watch(new Redis(url, { ...CONNECTION, maxRetriesPerRequest: null }))
    return {
      pubSub: new RedisPubSub({
        ...RAW,
        publisher: asClient(publisher),
        subscriber: asClient(subscriberOf(subscriber, (channel) => subscriber.subscribe(channel), onLoss)),
      }),
      // Never `close()` or `quit()`: they wait for a server that may be away, and reject.
      disconnect() {
        publisher.disconnect()
        subscriber.disconnect()
      },
    }
  }
  const cluster = new Cluster(urls, {
    shardedSubscribers: true,
    clusterRetryStrategy: retryStrategy,
    enableOfflineQueue: true,
    slotsRefreshInterval: 5000,
    redisOptions: { connectTimeout: 2000, commandTimeout: 1000, maxRetriesPerRequest: 1 },
  })
  watch(cluster)
  refuseUnknownSlots(cluster)
  return {
    pubSub: new RedisPubSub({
      ...RAW,
      publisher: asClient(shardedPublisher(cluster)),
      subscriber: asClient(subscriberOf(cluster, (channel) => cluster.ssubscribe(channel), onLoss)),
      messageEventName: 'smessage',
    }),
    disconnect: () => cluster.disconnect(),
  }
}

/** For single commands, each of which fails within a second when Redis is away. */
export function openCommandClient(urls: string[]): Redis | Cluster {
  const [url] = urls
  const client =
    urls.length === 1 && url !== undefined
      ? new Redis(url, PUBLISHER)
      : new Cluster(urls, {
          clusterRetryStrategy: retryStrategy,
          enableOfflineQueue: false,
          redisOptions: { connectTimeout: 2000, commandTimeout: 1000, maxRetriesPerRequest: 0 },
        })
  // Each command tells its own loss.
  return client.on('error', () => {})
}

// The library would parse whatever comes, of any size, and hand on what it cannot parse: here nothing is believed unread.
const RAW = { serializer: String, deserializer: (bytes: string | Buffer) => bytes }

/** The library's types are those of an older ioredis; it calls `on`, `subscribe`, `unsubscribe`, `publish` and `quit`. */
function asClient(client: Redis | Cluster): NonNullable<PubSubRedisOptions['publisher']> {
  return client as unknown as NonNullable<PubSubRedisOptions['publisher']>
}

/*
 * RedisPubSub knows SUBSCRIBE and PUBLISH only, which a cluster spreads over all its nodes. These two answer to the same
 * calls with SSUBSCRIBE and SPUBLISH, which stay on the channel's own shard.
 */

function shardedPublisher(cluster: Cluster): Cluster {
  return Object.create(cluster, {
    publish: { value: (channel: string, message: string) => cluster.spublish(channel, message) },
  })
}

/**
 * A SUBSCRIBE that fails is not told to RedisPubSub: 2.7 rejects a promise that nobody can handle, and Node would end the
 * process. It counts as a loss; whoever does not recover from losses is thrown away with its connection.
 */
function subscriberOf<Client extends Redis | Cluster>(
  client: Client,
  subscribe: (channel: string) => Promise<unknown>,
  onLoss: (error?: Error) => void,
): Client {
  return Object.create(client, {
    on: { value: (event: string, listener: () => void) => client.on(event, listener) },
    subscribe: {
      value(channel: string, done: () => void) {
        subscribe(channel).then(() => done(), onLoss)
      },
    },
  })
}

interface SubscriberGroup {
  clusterSlots: string[][]
  getResponsibleSubscriber(slot: number): unknown
}

/**
 * An SSUBSCRIBE to a slot that no node has (a shard is lost, or the cluster is still forming) makes ioredis 6.0 throw out of a
 * callback of its own, and that would end the process. Now it fails as it does where the node of the slot is away.
 */
function refuseUnknownSlots(cluster: Cluster): void {
  const group = (cluster as unknown as { shardedSubscribers: SubscriberGroup }).shardedSubscribers
  const responsibleFor = group.getResponsibleSubscriber.bind(group)
  group.getResponsibleSubscriber = (slot) => group.clusterSlots[slot] && responsibleFor(slot)
}

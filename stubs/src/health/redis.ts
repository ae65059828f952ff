import {once} from 'node:events'
import {Redis} from 'ioredis'
import type {RedisServer} from '../environment.js'
import type {Check} from './check.js'

/** Authenticates and pings. A broken connection is thrown away, so that the next probe starts afresh. */
export function redisCheck(server: RedisServer): Check {
  let client: Redis | null = null
  const drop = () => {
    client?.disconnect()
    client = null
  }
  return {
    name: 'redis',
    async probe() {
      try {
        if (client?.status !== 'ready') {
          drop()
          client = open(server)
          await connect(client)
        }
        await client.ping()
        return {}
      } catch (error) {
        drop()
        throw error
      }
    },
    close: drop,
  }
}

function open(server: RedisServer): Redis {
  const client = new Redis({
    host: server.host,
    port: server.port,
    ...(server.password === null ? {} : {password: server.password}),
    lazyConnect: true,
    // Retrying is the next probe's work, which also reports the cause
    retryStrategy: () => null,
    connectTimeout: 1500,
    commandTimeout: 1500,
  })
  client.on('error', () => {})
  return client
}

// connect() alone says only "Connection is closed"; the error event carries the reason.
async function connect(client: Redis): Promise<void> {
  await Promise.all([once(client, 'ready'), client.connect()])
}

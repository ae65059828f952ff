import {once} from 'node:events'
import {connect, type Socket} from 'node:net'
import type {RedisServer} from '../environment.js'
import type {HealthCheck} from './check.js'

/** Creates a check that authenticates and sends PING, on a new connection each time. */
export function redisCheck({host, port, password}: RedisServer): HealthCheck {
  const commands = [...(password === null ? [] : [['AUTH', password]]), ['PING']]
  return {
    name: 'redis',
    async probe(signal) {
      const socket = connect({host, port, signal})
      try {
        await once(socket, 'connect')
        socket.write(commands.map(encodeCommand).join(''))
        await readReplies(socket, commands.length)
        return {}
      } finally {
        socket.destroy()
      }
    },
    close: () => {},
  }
}

/** Encodes a command as described in https://redis.io/docs/latest/develop/reference/protocol-spec/. */
function encodeCommand(parts: string[]): string {
  const strings = parts.map(part => `$${Buffer.byteLength(part)}\r\n${part}\r\n`)
  return `*${parts.length}\r\n${strings.join('')}`
}

/** Reads this number of replies, one line each. @throws Error with the message of the first error reply */
async function readReplies(socket: Socket, count: number): Promise<void> {
  let received = ''
  for await (const text of socket.setEncoding('utf8') as AsyncIterable<string>) {
    received += text
    const lines = received.split('\r\n').slice(0, -1)
    const error = lines.find(line => line.startsWith('-'))
    if (error) throw new Error(error.slice(1))
    if (lines.length >= count) return
  }
  throw new Error('the server closed the connection')
}

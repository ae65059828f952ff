import {once} from 'node:events'
import {connect, type Socket} from 'node:net'
import type {RedisServer} from '../environment.js'
import type {Check} from './check.js'

/** Authenticates and pings, each time on a connection of its own. */
export function redisCheck({host, port, password}: RedisServer): Check {
  const commands = [...(password === null ? [] : [['AUTH', password]]), ['PING']]
  return {
    name: 'redis',
    async probe(signal) {
      const socket = connect({host, port, signal})
      try {
        await once(socket, 'connect')
        socket.write(commands.map(encode).join(''))
        await succeed(socket, commands.length)
        return {}
      } finally {
        socket.destroy()
      }
    },
    close: () => {},
  }
}

/** A command as https://redis.io/docs/latest/develop/reference/protocol-spec/ has it. */
function encode(words: string[]): string {
  const strings = words.map(word => `$${Buffer.byteLength(word)}\r\n${word}\r\n`)
  return `*${words.length}\r\n${strings.join('')}`
}

/** Waits for so many answers, a line each; the first error is thrown. */
async function succeed(socket: Socket, count: number): Promise<void> {
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

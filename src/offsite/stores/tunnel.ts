import events from 'node:events'
import {type AddressInfo, createServer, type Socket} from 'node:net'
import {pipeline} from 'node:stream/promises'
import type {Program} from '../../system/program.js'

/**
 * Calls a function with the address of a port of this machine whose connections lead to programs: each connection starts
 * one, which answers on its stdout what it gets on its stdin. The port exists until the function has ended.
 */
export async function withTunnel<T>(
  connect: () => Program,
  work: (address: string) => Promise<T>,
): Promise<T> {
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    void join(socket, connect())
  })
  server.listen(0, '127.0.0.1')
  await events.once(server, 'listening')
  try {
    return await work(`127.0.0.1:${(server.address() as AddressInfo).port}`)
  } finally {
    server.close()
    for (const socket of sockets) socket.destroy()
  }
}

/** Either end closes the other; the client reports a connection that was cut. */
async function join(socket: Socket, program: Program): Promise<void> {
  const sent = pipeline(socket, program.stdin).catch(() => undefined)
  await pipeline(program.stdout, socket).catch(() => undefined)
  program.kill()
  await sent
}

/**
 * Returns the words of a program that passes its stdin to a port of the container in which it runs, and the answer to its
 * stdout, until one of them ends.
 */
export function pipeTo(port: number): string[] {
  const script = `exec 3<>/dev/tcp/127.0.0.1/${port} 4<&0 || exit
cat <&4 >&3 & cat <&3 & wait -n
kill $(jobs -p) 2>/dev/null`
  return ['bash', '-c', script]
}

import {createSocket} from 'node:dgram'
import {once} from 'node:events'
import {createServer} from 'node:net'

/**
 * A TCP port of this machine that nobody listens on, and that no other test is given: files run at the same time, and
 * some time passes until the port is used. This process holds the UDP port of the same number until it ends, which
 * keeps every other process from choosing it.
 */
export async function freePort(): Promise<number> {
  const holder = createSocket('udp4').unref()
  holder.bind(0, '127.0.0.1')
  await once(holder, 'listening')
  const {port} = holder.address()
  return (await isFree(port)) ? port : freePort()
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1')
  try {
    await once(server, 'listening')
  } catch {
    return false
  }
  await once(server.close(), 'close')
  return true
}

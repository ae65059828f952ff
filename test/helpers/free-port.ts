import {randomInt} from 'node:crypto'
import {createSocket} from 'node:dgram'
import {once} from 'node:events'
import {createServer} from 'node:net'

/** Below the range from which the kernel takes the port of a connection or of a server that listens on port 0. */
const LOWEST = 20_000
const HIGHEST = 32_767

/**
 * Returns a TCP port that is free and that no other test receives. Test files run concurrently, and some time passes
 * until a port is used. Until this process ends, it therefore holds the UDP port with the same number, so that other
 * processes do not choose this port.
 */
export async function freePort(): Promise<number> {
  const port = randomInt(LOWEST, HIGHEST + 1)
  return (await hold(port)) && (await isFree(port)) ? port : freePort()
}

async function hold(port: number): Promise<boolean> {
  const holder = createSocket('udp4').unref()
  try {
    await once(holder.bind({port, address: '127.0.0.1', exclusive: true}), 'listening')
    return true
  } catch {
    return false
  }
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

import {once} from 'node:events'
import {connect, type Socket} from 'node:net'

/**
 * Connects to a Unix socket.
 * @throws the error of the connection, with its errno code
 */
export async function connectTo(path: string): Promise<Socket> {
  const socket = connect(path)
  await once(socket, 'connect')
  return socket
}

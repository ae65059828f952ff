import {once} from 'node:events'
import {chmod, mkdtemp, rm} from 'node:fs/promises'
import {connect, createServer, type Socket} from 'node:net'
import {tmpdir} from 'node:os'
import {join} from 'node:path'

/** A socket that forwards to Docker Engine until it is stopped: simulates an engine that becomes unavailable. */
export interface EngineProxy extends AsyncDisposable {
  path: string
  stop(): Promise<void>
}

export async function openEngineProxy(): Promise<EngineProxy> {
  // All users may enter the directory; the test sets the permissions of the socket.
  const directory = await mkdtemp(join(tmpdir(), 'aquastream-engine-'))
  await chmod(directory, 0o755)
  const path = join(directory, 'engine.sock')
  const sockets = new Set<Socket>()
  const server = createServer({allowHalfOpen: true}, client => {
    const engine = connect({path: '/var/run/docker.sock', allowHalfOpen: true})
    for (const socket of [client, engine]) {
      sockets.add(socket)
      socket.on('error', () => socket.destroy())
      socket.on('close', () => sockets.delete(socket))
    }
    client.pipe(engine).pipe(client)
  })
  await once(server.listen(path), 'listening')
  const stop = async (): Promise<void> => {
    const closed = server.listening ? once(server.close(), 'close') : undefined
    for (const socket of sockets) socket.destroy()
    await closed
  }
  return {
    path,
    stop,
    async [Symbol.asyncDispose]() {
      await stop()
      await rm(directory, {recursive: true, force: true})
    },
  }
}

import {chmod, mkdtemp, rm} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {Proxy} from './proxy.js'

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
  const proxy = await Proxy.open(path, {path: '/var/run/docker.sock'})
  return {
    path,
    stop: () => proxy.stop(),
    async [Symbol.asyncDispose]() {
      await proxy.stop()
      await rm(directory, {recursive: true, force: true})
    },
  }
}

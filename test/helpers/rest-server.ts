import {connect} from 'node:net'
import {join} from 'node:path'
import {execa} from 'execa'
import {freePort} from './free-port.js'
import {type OffsiteSite, until} from './restic.js'

/** Starts Debian's rest-server with the repository of a site, in its directory; it is stopped at the end. */
export async function startRestServer(
  site: OffsiteSite,
  options: string[] = [],
): Promise<
  AsyncDisposable & {repository: string; port: number; directory: string; stop: () => Promise<void>}
> {
  const port = await freePort()
  const data = join(site.directory, 'rest')
  site.storage = data
  const running = execa(
    'restic-rest-server',
    ['--path', data, '--listen', `127.0.0.1:${port}`, '--no-auth', ...options],
    {reject: false, stdio: 'ignore'},
  )
  const stop = async (): Promise<void> => {
    running.kill()
    await running
  }
  await until(() => accepts(port))
  return {
    repository: `rest:http://127.0.0.1:${port}/`,
    port,
    directory: data,
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

/** Returns whether a server accepts connections. */
export function accepts(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1')
    socket.on('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}

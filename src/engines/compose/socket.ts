import {request} from 'node:http'
import {json} from 'node:stream/consumers'
import {ANSWER_MS} from './docker.js'

/**
 * Asks Docker Engine for its data directory; undefined if it does not answer. `docker info` would start every plugin of the
 * docker command, which takes more CPU time than all other queries of a start.
 * https://docs.docker.com/reference/api/engine/version/v1.44/#tag/System/operation/SystemInfo
 * @param socket the path of the socket of Docker Engine
 */
export async function dataRootOf(socket: string, signal: AbortSignal): Promise<string | undefined> {
  const limited = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)])
  const info = await new Promise<unknown>((resolve, reject) => {
    request({socketPath: socket, path: '/info', signal: limited}, response => {
      json(response).then(resolve, reject)
    })
      .on('error', reject)
      .end()
  }).catch(() => undefined)
  signal.throwIfAborted()
  const root = (info as {DockerRootDir?: unknown} | null | undefined)?.DockerRootDir
  return typeof root === 'string' ? root : undefined
}

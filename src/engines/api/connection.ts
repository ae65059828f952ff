import {spawn} from 'node:child_process'
import {type IncomingMessage, request} from 'node:http'
import {parse} from 'node:path'
import {Duplex} from 'node:stream'
import {connectTo} from '../../system/connect-to.js'
import {endpoint} from '../docker/endpoint.js'
import {dockerEnvironment} from '../docker/options.js'

/** Docker Engine 25 has this version, and newer ones accept it: https://docs.docker.com/reference/api/engine/version-history/ */
const VERSION = '/v1.44'

/** One request to the API of Docker Engine. */
export interface ApiRequest {
  method: 'GET' | 'POST' | 'DELETE'
  path: string
  body?: unknown
  headers?: Record<string, string>
  signal?: AbortSignal | undefined
}

/**
 * Sends a request to Docker Engine, at the address that the docker command uses.
 * @returns the response, whose body has not been read
 */
export async function send({method, path, body, headers, signal}: ApiRequest): Promise<IncomingMessage> {
  const connection = await dial(await endpoint())
  return new Promise((resolve, reject) => {
    const text = body === undefined ? undefined : JSON.stringify(body)
    const sent = request(
      {
        method,
        path: VERSION + path,
        host: 'docker',
        headers: {
          ...headers,
          ...(text !== undefined && {
            'content-type': 'application/json',
            'content-length': Buffer.byteLength(text),
          }),
        },
        createConnection: () => connection,
        ...(signal && {signal: AbortSignal.any([signal])}),
      },
      response => {
        response.once('close', () => connection.destroy())
        resolve(response)
      },
    )
    sent.once('error', error => {
      connection.destroy()
      reject(error)
    })
    sent.end(text)
  })
}

/**
 * Only the docker command knows how to reach Docker Engine by TLS or SSH; a socket needs no process. The command can also be
 * a wrapper that reaches a socket which this process does not, such as `sudo docker`.
 */
async function dial(host: string | undefined): Promise<Duplex> {
  if (!host?.startsWith('unix://')) return dialByCommand()
  return connectTo(host.slice('unix://'.length)).catch(dialByCommand)
}

function dialByCommand(): Duplex {
  const child = spawn('docker', ['system', 'dial-stdio'], {
    stdio: ['pipe', 'pipe', 'ignore'],
    cwd: parse(process.cwd()).root,
    env: dockerEnvironment(),
  })
  const stream = Duplex.from({readable: child.stdout, writable: child.stdin})
  child.once('error', error => stream.destroy(error))
  stream.once('close', () => child.kill())
  return stream
}

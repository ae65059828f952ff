import {mkdtemp, rm} from 'node:fs/promises'
import {createServer, type Server, type ServerResponse} from 'node:http'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {text} from 'node:stream/consumers'

/** The answer to a request: a status and JSON; a function answers by itself, or never. */
export type Answer = {status: number; body: unknown} | ((response: ServerResponse) => void)

export interface SeenRequest {
  method: string
  /** Without the version, and without the query. */
  path: string
  query: URLSearchParams
  headers: NodeJS.Dict<string | string[]>
  body: unknown
}

/**
 * The API of a Docker Engine in states that a real one cannot be brought into quickly, such as a Swarm without a leader.
 * While it is open, DOCKER_HOST is its address.
 */
export class FakeEngine implements AsyncDisposable {
  /** By method and path, such as `GET /services`; anything else is answered with 404. */
  readonly answers = new Map<string, Answer>()
  readonly requests: SeenRequest[] = []
  readonly #before = process.env.DOCKER_HOST

  private constructor(
    private readonly directory: string,
    private readonly server: Server,
  ) {}

  static async open(): Promise<FakeEngine> {
    const directory = await mkdtemp(join(tmpdir(), 'aquastream-engine-'))
    const server = createServer()
    const engine = new FakeEngine(directory, server)
    server.on('request', async (request, response) => {
      const url = new URL(request.url!, 'http://engine')
      const path = url.pathname.replace(/^\/v[\d.]+/, '')
      const content = await text(request)
      const body: unknown = content === '' ? undefined : JSON.parse(content)
      const {method = '', headers} = request
      engine.requests.push({method, path, query: url.searchParams, headers, body})
      const answer = engine.answers.get(`${method} ${path}`) ?? {status: 404, body: {message: 'no such thing'}}
      if (typeof answer === 'function') answer(response)
      else response.writeHead(answer.status).end(JSON.stringify(answer.body))
    })
    const socket = join(directory, 'docker.sock')
    await new Promise<void>(resolve => server.listen(socket, resolve))
    process.env.DOCKER_HOST = `unix://${socket}`
    return engine
  }

  /** Answers as a node in this state. */
  setNode({state, manager}: {state: string; manager: boolean}): void {
    const Swarm = {NodeID: 'n1', LocalNodeState: state, ControlAvailable: manager}
    const body = {Name: 'node-1', ServerVersion: '26.1.5', SystemTime: new Date().toISOString(), Swarm}
    this.answers.set('GET /info', {status: 200, body})
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#before === undefined) delete process.env.DOCKER_HOST
    else process.env.DOCKER_HOST = this.#before
    this.server.closeAllConnections()
    await new Promise(resolve => this.server.close(resolve))
    await rm(this.directory, {recursive: true, force: true})
  }
}

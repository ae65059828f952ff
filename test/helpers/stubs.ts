// Stubs of services as processes of the built stub server, as the embedded engine runs them.
import {execa} from 'execa'
import {vi} from 'vitest'
import {freePort} from './free-port.js'

const SERVER = 'infra/stubs/server.js'
const UNTIL = {timeout: 20_000, interval: 20}

export const JWT_SECRET = 'a-secret-of-at-least-32-characters'

export interface Answer {
  status: number
  headers: Headers
  text: string
  /** The body as JSON; its parts are what the test expects. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  json: any
}

export interface Ask {
  method?: string
  headers?: Record<string, string>
  /** As JSON, unless it is text already. */
  body?: unknown
  token?: string
  signal?: AbortSignal
}

type Variables = Record<string, string>

/** One service, the gateway, or the mocks. */
export class Stub implements AsyncDisposable {
  private constructor(
    readonly url: string,
    private readonly running: ReturnType<typeof run>,
  ) {}

  /** The variables may depend on the URL that it gets; the port is a free one unless it is given. */
  static async open(
    service: string,
    variables: Variables | ((url: string) => Variables) = {},
    givenPort?: number,
  ): Promise<Stub> {
    const port = givenPort ?? (await freePort())
    const url = `http://127.0.0.1:${port}`
    const given = typeof variables === 'function' ? variables(url) : variables
    const stub = new Stub(url, run(service, port, given))
    await vi.waitFor(() => fetch(`${stub.url}/actuator/health/liveness`), UNTIL)
    return stub
  }

  async ask(path: string, {method, headers, body, token, signal}: Ask = {}): Promise<Answer> {
    const response = await fetch(`${this.url}${path}`, {
      method: method ?? (body === undefined ? 'GET' : 'POST'),
      headers: {
        ...(body === undefined ? {} : {'content-type': 'application/json'}),
        ...(token === undefined ? {} : {authorization: `Bearer ${token}`}),
        ...headers,
      },
      redirect: 'manual',
      ...(signal && {signal}),
      ...(body === undefined ? {} : {body: typeof body === 'string' ? body : JSON.stringify(body)}),
    })
    const text = await response.text()
    const isJson = response.headers.get('content-type')?.includes('json')
    return {
      status: response.status,
      headers: response.headers,
      text,
      json: isJson && text ? JSON.parse(text) : undefined,
    }
  }

  /** Logs in at this gateway or user service; the access token. */
  async login(username = 'test', password = 'test'): Promise<string> {
    const {json} = await this.ask('/api/v1/auth/login', {body: {username, password}})
    return json.accessToken
  }

  /** Ends it; what it has logged, a line each. */
  async logs(): Promise<Record<string, unknown>[]> {
    this.running.kill()
    const {stdout} = await this.running
    return stdout.split('\n').map(line => JSON.parse(line))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.running.kill()
    await this.running
  }
}

function run(service: string, port: number, variables: Variables) {
  return execa(process.execPath, [SERVER], {
    reject: false,
    extendEnv: false,
    env: {
      SPRING_APPLICATION_NAME: service,
      SERVER_ADDRESS: '127.0.0.1',
      SERVER_PORT: String(port),
      JWT_SECRET,
      ...variables,
    },
  })
}

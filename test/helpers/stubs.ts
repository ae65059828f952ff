// Processes of the built stub server, started as the embedded engine starts them.
import {execa} from 'execa'
import {vi} from 'vitest'
import {freePort} from './free-port.js'

const SERVER = 'infra/stubs/server.js'
const UNTIL = {timeout: 60_000, interval: 20}

/** The secret of all stubs that the tests start. */
export const JWT_SECRET = 'a-secret-of-at-least-32-characters'

/** A response whose body has been read. */
export interface HttpResponse {
  status: number
  headers: Headers
  text: string
  /** The body if it is JSON, otherwise undefined. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  json: any
}

/** The options of a request. The method is POST if there is a body, otherwise GET. */
export interface RequestOptions {
  method?: string
  headers?: Record<string, string>
  /** Sent as JSON, unless it is text. */
  body?: unknown
  /** Sent as a Bearer token. */
  token?: string
  signal?: AbortSignal
}

type Variables = Record<string, string>

/** A process of the stub server: a backend, the gateway, or the mocks. */
export class Stub implements AsyncDisposable {
  private constructor(
    readonly url: string,
    private readonly running: ReturnType<typeof run>,
  ) {}

  /** Starts a stub on this port, or on a free one. The variables may depend on its URL. */
  static async open(
    service: string,
    variables: Variables | ((url: string) => Variables) = {},
    fixedPort?: number,
  ): Promise<Stub> {
    const port = fixedPort ?? (await freePort())
    const url = `http://127.0.0.1:${port}`
    const stub = new Stub(
      url,
      run(service, port, typeof variables === 'function' ? variables(url) : variables),
    )
    try {
      await Promise.race([
        vi.waitFor(() => fetch(`${stub.url}/actuator/health/liveness`), UNTIL),
        stub.running.then(({stdout, stderr}) => {
          throw new Error(`the stub of ${service} ended: ${stdout}${stderr}`)
        }),
      ])
      return stub
    } catch (error) {
      await stub[Symbol.asyncDispose]()
      throw error
    }
  }

  /** Sends a request. Redirects are not followed. */
  async request(
    path: string,
    {method, headers, body, token, signal}: RequestOptions = {},
  ): Promise<HttpResponse> {
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

  /** Logs in at this gateway or user service and returns the access token. */
  async login(username = 'test', password = 'test'): Promise<string> {
    const {json} = await this.request('/api/v1/auth/login', {body: {username, password}})
    return json.accessToken
  }

  /** Stops the stub and returns the lines of its log. */
  async stopAndReadLog(): Promise<Record<string, unknown>[]> {
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

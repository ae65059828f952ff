// Containers of the stub image with real servers, hardened as in the Compose file.
import {randomBytes, randomUUID} from 'node:crypto'
import {request} from 'node:http'
import {connect} from 'node:net'
import {execa} from 'execa'
import {afterAll, beforeAll, expect, test, vi} from 'vitest'

const SECRET = 'right-secret'
const WRONG = 'wrong-secret'
const HARDENED = ['--read-only', '--cap-drop=ALL', '--security-opt=no-new-privileges', '--user=10001:10001']
const UNTIL_UP = {timeout: 60_000, interval: 100}

const DATABASE = {
  SPRING_DATASOURCE_URL: 'jdbc:postgresql://postgres:5432/aquastream?currentSchema=media',
  SPRING_DATASOURCE_USERNAME: 'aquastream',
  SPRING_DATASOURCE_PASSWORD: SECRET,
}
const REDIS = {SPRING_DATA_REDIS_HOST: 'redis', SPRING_DATA_REDIS_PASSWORD: SECRET}
const BUCKET = {
  S3_ENDPOINT: 'http://minio:9000',
  S3_ACCESS_KEY: 'aquastream',
  S3_SECRET_KEY: SECRET,
  S3_BUCKET: 'photos',
}
const MEDIA = {SPRING_APPLICATION_NAME: 'media', ...DATABASE, ...REDIS, ...BUCKET}
const JWT = {JWT_SECRET: 'a-secret-of-at-least-32-characters'}
const GATEWAY = {
  SPRING_APPLICATION_NAME: 'gateway',
  USER_SERVICE_URL: 'http://user:8080',
  ...JWT,
  ...REDIS,
}

const JDBC = 'SPRING_DATASOURCE_URL must have the form jdbc:postgresql://HOST:PORT/DATABASE'

const site = `stub-test-${randomBytes(4).toString('hex')}`
vi.setConfig({testTimeout: 90_000})
beforeAll(openSite, 120_000)
afterAll(closeSite, 60_000)

test('media is ready with database, Redis and bucket', async () => {
  await using media = await startStub(MEDIA)
  expect(await media.get('/actuator/health/readiness')).toMatchObject({
    status: 200,
    body: {
      status: 'UP',
      components: {
        db: {status: 'UP'},
        redis: {status: 'UP'},
        s3: {status: 'UP', details: {bucket: 'photos'}},
      },
    },
  })
})

test('with a stopped database the stub is alive but unready', async () => {
  await using media = await startStub(MEDIA)
  await docker('kill', `${site}-postgres`)
  const error = expect.stringMatching(/ECONNREFUSED|ENOTFOUND|EHOSTUNREACH|EAI_AGAIN|no response/)
  const down = {
    status: 503,
    body: {status: 'DOWN', components: {db: {details: {error}}, redis: {status: 'UP'}}},
  }
  expect(await media.get('/actuator/health/readiness')).toMatchObject(down)
  expect(await media.get('/actuator/health/liveness')).toMatchObject({status: 200, body: {status: 'UP'}})
  await docker('start', `${site}-postgres`)
  await expect.poll(() => media.get('/actuator/health/readiness'), UNTIL_UP).toMatchObject({status: 200})
  const changes = (await media.logs())
    .map(line => String(line.message))
    .filter(it => it.startsWith('readiness'))
  expect(changes).toEqual(['readiness UP', expect.stringMatching(/^readiness DOWN: db: ./), 'readiness UP'])
})

test('wrong passwords are reported and never shown', async () => {
  const wrong = {SPRING_DATASOURCE_PASSWORD: WRONG, SPRING_DATA_REDIS_PASSWORD: WRONG, S3_SECRET_KEY: WRONG}
  await using media = await startStub({...MEDIA, ...wrong})
  const answer = await media.get('/actuator/health')
  expect(answer).toMatchObject({
    status: 503,
    body: {
      components: {
        db: {details: {error: 'password authentication failed for user "aquastream"'}},
        redis: {details: {error: expect.stringContaining('WRONGPASS')}},
        s3: {details: {error: expect.stringContaining('access to bucket "photos" is denied')}},
      },
    },
  })
  expect(JSON.stringify([answer, await media.logs()])).not.toContain(WRONG)
})

test('a missing schema and a missing bucket are named', async () => {
  const url = DATABASE.SPRING_DATASOURCE_URL.replace('media', 'videos')
  await using media = await startStub({...MEDIA, SPRING_DATASOURCE_URL: url, S3_BUCKET: 'videos'})
  expect((await media.get('/actuator/health/readiness')).body).toMatchObject({
    components: {
      db: {details: {error: 'schema "videos" does not exist in database "aquastream"'}},
      s3: {details: {error: 'bucket "videos" does not exist'}},
    },
  })
})

test('the gateway forwards correlation ids in both directions', async () => {
  await using user = await startStub({SERVICE_NAME: 'user', ...JWT}, 'user')
  await using gateway = await startStub(GATEWAY)
  const answer = await gateway.get('/api/v1/user/me?token=hidden', {headers: {'X-Correlation-Id': 'trip-7'}})
  expect(answer).toMatchObject({
    status: 404,
    correlationId: 'trip-7',
    body: {detail: 'The API of this service has no path /api/v1/user/me.'},
  })
  const line = {
    level: 'info',
    service: 'user',
    correlationId: 'trip-7',
    method: 'GET',
    path: '/api/v1/user/me',
    status: 404,
  }
  expect(await user.logs()).toContainEqual(expect.objectContaining(line))
  expect(await gateway.get('/actuator/health')).toMatchObject({
    status: 200,
    body: {components: {user: {status: 'UP'}}},
  })
})

test('the gateway forwards method, query, headers and body', async () => {
  await using echo = await startEcho()
  await using gateway = await startStub({...GATEWAY, USER_SERVICE_URL: echo.url})
  const headers = {'Content-Type': 'text/strange', Authorization: 'Bearer x'}
  const {body} = await gateway.get('/api/v1/user/a%20b?q=..%2F', {method: 'PUT', headers, body: 'not { JSON'})
  expect(body).toMatchObject({
    method: 'PUT',
    url: '/api/v1/user/a%20b?q=..%2F',
    body: 'not { JSON',
    headers: {
      'content-type': 'text/strange',
      authorization: 'Bearer x',
      'x-correlation-id': expect.any(String),
    },
  })
})

test('the gateway names the service that cannot be reached', async () => {
  await using gateway = await startStub(GATEWAY)
  expect(await gateway.get('/api/v1/user/me')).toMatchObject({
    status: 502,
    type: 'application/problem+json; charset=utf-8',
    body: {title: 'Bad Gateway', detail: expect.stringMatching(/^The service "user" cannot be reached: ./)},
  })
  const health = await gateway.get('/actuator/health')
  expect(health).toMatchObject({
    status: 503,
    body: {components: {user: {status: 'DOWN'}, redis: {status: 'UP'}}},
  })
  expect(await gateway.get('/actuator/health/readiness')).toMatchObject({status: 200})
})

test('the image contains the documents and their page', async () => {
  await using gateway = await startStub(GATEWAY)
  expect((await gateway.get('/docs/config.json')).body).toEqual({
    urls: [{name: 'user', url: '/docs/user.yaml'}],
  })
  for (const path of ['/docs/', '/docs/page.js', '/docs/openapi-explorer.min.js', '/docs/user.yaml']) {
    expect(await gateway.status(path), path).toBe(200)
  }
})

test('no path through the gateway can leave the API', async () => {
  await using gateway = await startStub(GATEWAY)
  const paths = [
    '/api/v1/user/../../../actuator/health',
    '/api/v1/user/%2e%2e/%2e%2e/%2e%2e/actuator/health',
    '/api/v1/user/..%2f..%2f..%2factuator/health',
    '/api/v1/user/x\\..\\..\\..\\..\\actuator\\health',
    'http://elsewhere/api/v1/user/me',
  ]
  for (const path of paths) {
    expect(await gateway.raw(path)).toMatchObject({status: 400, body: {title: 'Bad Request', instance: path}})
  }
})

test('an unknown path is answered with a problem document', async () => {
  await using stub = await startStub({SERVICE_NAME: 'media'})
  const answer = await stub.get('/api/v1/media/boats?page=2', {headers: {'X-Correlation-Id': 'not sane'}})
  expect(answer.correlationId).toMatch(/^[0-9a-f-]{36}$/)
  expect(answer).toMatchObject({status: 404, type: 'application/problem+json; charset=utf-8'})
  expect(answer.body).toEqual({
    type: 'about:blank',
    title: 'Not Found',
    status: 404,
    detail:
      'The stub of the service "media" does not serve GET /api/v1/media/boats. It serves only the operations of its OpenAPI document.',
    instance: '/api/v1/media/boats',
    correlationId: answer.correlationId,
  })
})

test('malformed requests are answered with problem documents too', async () => {
  await using stub = await startStub({SERVICE_NAME: 'media'})
  expect(await stub.raw('/%zz')).toMatchObject({status: 400, body: {title: 'Bad Request', instance: '/%zz'}})
  const headers = {'X-Huge': 'x'.repeat(20_000)}
  expect(await stub.raw('/', headers)).toMatchObject({
    status: 431,
    body: {status: 431, correlationId: expect.any(String)},
  })
})

test.each([
  ['bad port', {SERVER_PORT: '80800'}, 'SERVER_PORT must be a port number from 1 to 65535, not "80800"'],
  ['malformed database URL', {SPRING_DATASOURCE_URL: `postgres://a:${SECRET}@b/c`}, JDBC],
  [
    'missing password',
    {...DATABASE, SPRING_DATASOURCE_PASSWORD: ''},
    'SPRING_DATASOURCE_PASSWORD is not set',
  ],
  [
    'malformed service URL',
    {USER_SERVICE_URL: 'user'},
    'USER_SERVICE_URL must have the form http://HOST:PORT',
  ],
])('a %s ends the stub with one clear line', async (_, variables, message) => {
  const args = environment({SERVER_PORT: '8080', ...variables})
  const {exitCode, stdout, stderr} = await execa('docker', ['run', '--rm', ...args, site], {reject: false})
  expect({exitCode, stderr}).toEqual({exitCode: 1, stderr: ''})
  expect(JSON.parse(stdout)).toMatchObject({level: 'fatal', service: 'stub', message})
})

test('SIGTERM stops the stub despite open connections', async () => {
  await using stub = await startStub(MEDIA)
  const idle = connect(stub.port, '127.0.0.1').on('error', () => {})
  idle.write('GET /actuator/info HTTP/1.1\r\nHost: stub\r\n\r\n')
  await new Promise(answered => idle.once('data', answered))
  await docker('kill', '--signal=TERM', stub.name)
  expect(await docker('wait', stub.name)).toBe('0')
})

interface Answer {
  status: number
  type: string | null
  correlationId: string | null
  body: Record<string, unknown>
}

/** A container of the tested image, removed at the end of its test. */
class Stub implements AsyncDisposable {
  constructor(
    readonly name: string,
    readonly port: number,
  ) {}

  async get(path: string, init: RequestInit = {}): Promise<Answer> {
    const response = await fetch(`http://127.0.0.1:${this.port}${path}`, init)
    const [type, correlationId] = ['content-type', 'x-correlation-id'].map(name => response.headers.get(name))
    return {
      status: response.status,
      type: type ?? null,
      correlationId: correlationId ?? null,
      body: (await response.json()) as Answer['body'],
    }
  }

  async status(path: string): Promise<number> {
    const response = await fetch(`http://127.0.0.1:${this.port}${path}`)
    await response.body?.cancel()
    return response.status
  }

  /** Sends the path unchanged, which fetch would normalize. */
  raw(path: string, headers = {}): Promise<Pick<Answer, 'status' | 'body'>> {
    return new Promise((resolve, reject) => {
      const sent = request({host: '127.0.0.1', port: this.port, path, headers}, async response => {
        const text = (await response.toArray()).join('')
        resolve({status: response.statusCode ?? 0, body: JSON.parse(text)})
      })
      sent.on('error', reject).end()
    })
  }

  async logs(): Promise<Record<string, unknown>[]> {
    const output = await docker('logs', this.name)
    return output.split('\n').map(line => JSON.parse(line))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await docker('rm', '--force', this.name)
  }
}

async function startStub(variables: Record<string, string>, alias = 'stub'): Promise<Stub> {
  const name = await run(alias, [
    ...HARDENED,
    '--publish=127.0.0.1::8080',
    ...environment({SERVER_PORT: '8080', ...variables}),
    site,
  ])
  const address = await docker('port', name, '8080')
  const stub = new Stub(name, Number(address.split(':').at(-1)))
  // A connection before the server listens can hang in the port forwarding of Docker, so each attempt has a time limit
  const tryOut = () => stub.get('/actuator/health/readiness', {signal: AbortSignal.timeout(500)})
  await vi.waitFor(tryOut, UNTIL_UP)
  return stub
}

/** Starts a server that replaces a backend, and responds with the request that it has received. */
async function startEcho(): Promise<AsyncDisposable & {url: string}> {
  const program = `require('http').createServer(async (q, s) => { const {method, url, headers} = q
    s.end(JSON.stringify({method, url, headers, body: (await q.toArray()).join('')})) }).listen(8080)`
  const name = await run('echo', ['node:20-alpine', 'node', '-e', program])
  await vi.waitFor(() => docker('exec', name, 'wget', '-qO-', 'http://127.0.0.1:8080/'), UNTIL_UP)
  return {
    url: `http://${name}:8080`,
    [Symbol.asyncDispose]: async () => {
      await docker('rm', '--force', name)
    },
  }
}

async function openSite(): Promise<void> {
  await docker('build', '--quiet', `--tag=${site}`, 'infra/stubs')
  await docker('network', 'create', site)
  await Promise.all([startPostgres(), startRedis(), startMinio()])
}

async function startPostgres(): Promise<void> {
  const variables = environment({POSTGRES_USER: 'aquastream', POSTGRES_PASSWORD: SECRET})
  await run('postgres', [...variables, 'postgres:16-alpine'], `${site}-postgres`)
  const psql = ['exec', `${site}-postgres`, 'psql', '-h127.0.0.1', '-Uaquastream']
  await vi.waitFor(() => docker(...psql, '-cCREATE SCHEMA IF NOT EXISTS media'), UNTIL_UP)
}

async function startRedis(): Promise<void> {
  await run('redis', ['redis:7-alpine', 'redis-server', '--requirepass', SECRET])
}

async function startMinio(): Promise<void> {
  const variables = environment({MINIO_ROOT_USER: 'aquastream', MINIO_ROOT_PASSWORD: SECRET})
  const image = 'quay.io/minio/minio:RELEASE.2025-09-07T16-13-09Z'
  const name = await run('minio', [...variables, image, 'server', '/data'])
  const store = environment({
    MC_CONFIG_DIR: '/tmp/.mc',
    MC_HOST_store: `http://aquastream:${SECRET}@127.0.0.1:9000`,
  })
  await vi.waitFor(
    () => docker('exec', ...store, name, 'mc', 'mb', '--ignore-existing', 'store/photos'),
    UNTIL_UP,
  )
}

async function closeSite(): Promise<void> {
  const containers = await docker('ps', '--all', '--quiet', `--filter=label=${site}`)
  if (containers) await docker('rm', '--force', '--volumes', ...containers.split('\n'))
  await docker('network', 'rm', '--force', site)
  await docker('image', 'rm', '--force', site)
}

/** Runs a container that the other containers can reach by this alias. */
async function run(
  alias: string,
  args: string[],
  name = `${site}-${randomUUID().slice(0, 8)}`,
): Promise<string> {
  const place = [`--name=${name}`, `--label=${site}`, `--network=${site}`, `--network-alias=${alias}`]
  await docker('run', '--detach', '--pull=never', ...place, ...args)
  return name
}

function environment(variables: Record<string, string>): string[] {
  return Object.entries(variables).map(([name, value]) => `--env=${name}=${value}`)
}

async function docker(...args: string[]): Promise<string> {
  const {stdout} = await execa('docker', args)
  return stdout
}

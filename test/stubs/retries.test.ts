// The gateway stub in front of services that are being replaced.
import {once} from 'node:events'
import {createServer, type RequestListener, type Server} from 'node:http'
import {text} from 'node:stream/consumers'
import {expect, test} from 'vitest'
import {freePort} from '../helpers/free-port.js'
import {Stub} from '../helpers/stubs.js'

const PATH = '/api/v1/event/anything'

/** A service that answers each request by the next listener, and by the last one from then on. */
class Service implements AsyncDisposable {
  /** The method and the body of each request. */
  readonly requests: string[] = []

  private constructor(
    readonly port: number,
    private readonly server: Server,
  ) {}

  static async open(...listeners: RequestListener[]): Promise<Service> {
    const service = new Service(await freePort(), createServer())
    service.server.on('request', async (request, response) => {
      const body = await text(request)
      const count = service.requests.push(`${request.method} ${body}`.trim())
      listeners[Math.min(count, listeners.length) - 1]!(request, response)
    })
    return service
  }

  async listen(): Promise<this> {
    this.server.listen(this.port, '127.0.0.1')
    await once(this.server, 'listening')
    return this
  }

  openGateway(): Promise<Stub> {
    return Stub.open('gateway', {EVENT_SERVICE_URL: `http://127.0.0.1:${this.port}`})
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.closeAllConnections()
    await new Promise(resolve => this.server.close(resolve))
  }
}

const ok: RequestListener = (_, response) => response.end('ok')
const notReady: RequestListener = (_, response) => response.writeHead(503).end('not ready')
const closed: RequestListener = request => request.socket.destroy()

test.each(['GET', 'PUT', 'DELETE', 'OPTIONS'])('%s is repeated until the service is ready', async method => {
  await using service = await (await Service.open(notReady, closed, ok)).listen()
  await using gateway = await service.openGateway()
  const body = method === 'PUT' ? {body: {a: 1}} : {}
  expect(await gateway.request(PATH, {method, ...body})).toMatchObject({status: 200, text: 'ok'})
  const seen = method === 'PUT' ? 'PUT {"a":1}' : method
  expect(service.requests).toEqual([seen, seen, seen])
})

test.each([
  ['that is not ready', notReady, 503],
  ['that closes the connection', closed, 502],
])('POST is sent once to a service %s', async (_, listener, status) => {
  await using service = await (await Service.open(listener, ok)).listen()
  await using gateway = await service.openGateway()
  expect((await gateway.request(PATH, {body: {a: 1}})).status).toBe(status)
  expect(service.requests).toEqual(['POST {"a":1}'])
})

test('every method waits for a service that refuses connections', async () => {
  await using service = await Service.open(ok)
  await using gateway = await service.openGateway()
  const answers = [gateway.request(PATH), gateway.request(PATH, {body: {a: 1}})]
  // Answered after the first attempts, which came before it.
  await gateway.request('/actuator/health/liveness')
  await service.listen()
  expect((await Promise.all(answers)).map(({status}) => status)).toEqual([200, 200])
  expect(service.requests.toSorted()).toEqual(['GET', 'POST {"a":1}'])
})

test('a service that stays unready is asked six times', async () => {
  await using service = await (await Service.open(notReady)).listen()
  await using gateway = await service.openGateway()
  expect(await gateway.request(PATH)).toMatchObject({status: 503, text: 'not ready'})
  expect(service.requests).toHaveLength(6)
})

test('a large body is forwarded while it arrives', async () => {
  await using service = await (await Service.open(notReady, ok)).listen()
  await using gateway = await service.openGateway()
  const body = JSON.stringify('x'.repeat(100_000))
  expect((await gateway.request(PATH, {method: 'PUT', body})).status).toBe(503)
  expect(service.requests).toEqual([`PUT ${body}`])
})

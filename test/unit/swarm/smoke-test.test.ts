import {once} from 'node:events'
import {createServer, type Server} from 'node:http'
import type {AddressInfo} from 'node:net'
import {afterAll, afterEach, beforeAll, beforeEach, expect, test} from 'vitest'
import {swarmEngine} from '../../../src/engines/swarm/engine.js'
import type {ServiceSpec} from '../../../src/engines/swarm/translate/spec.js'
import {type UnreachableEvent, withSmokeTest} from '../../../src/env/updates/smoke-test.js'
import {unreachableText} from '../../../src/views/env/up.js'
import {FakeEngine, FakeService, READY} from '../../helpers/fake-engine.js'

let engine: FakeEngine
let gateway: Server
/** What the gateway answers to each path; without a status it closes the connection. */
let statuses: Map<string, number | undefined>

beforeAll(async () => {
  engine = await FakeEngine.open()
})

afterAll(async () => engine[Symbol.asyncDispose]())

beforeEach(async () => {
  engine.clear()
  statuses = new Map([
    ['/api/v1/user', 404],
    ['/api/v1/event', 401],
  ])
  gateway = createServer(({url, socket}, response) => {
    const status = statuses.get(url!)
    if (status === undefined) socket.destroy()
    else response.writeHead(status).end()
  })
  gateway.listen(0, '127.0.0.1')
  await once(gateway, 'listening')
  new FakeService(engine, edgeAt((gateway.address() as AddressInfo).port))
  const nodes = [{...READY, Status: {State: 'ready', Addr: '127.0.0.1'}}]
  engine.answers.set('GET /nodes', {status: 200, body: nodes})
})

afterEach(async () => {
  gateway.closeAllConnections()
  await new Promise(resolve => gateway.close(resolve))
})

test.each([[502], [undefined]])('a gateway that loses a backend is reported: %s', async status => {
  const events = await update(() => statuses.set('/api/v1/user', status))
  expect(events).toEqual([{type: 'unreachable', services: ['user']}])
})

test('a gateway that finds the new containers is not reported', async () => {
  expect(await update(() => undefined)).toEqual([])
})

test('a backend that the gateway never reached is not reported', async () => {
  statuses.set('/api/v1/user', 503)
  expect(await update(() => undefined)).toEqual([])
})

test('a gateway that recovers within seconds is not reported', async () => {
  expect(
    await update(() => {
      statuses.set('/api/v1/user', 502)
      gateway.once('request', () => statuses.set('/api/v1/user', 404))
    }),
  ).toEqual([])
})

test('the warning names the services and the setting', () => {
  expect(unreachableText({type: 'unreachable', services: ['user', 'event']})).toMatch(
    /^the gateway has not reached user, event since the update, although they are healthy; .*cacheMaxTimeToLive/,
  )
})

/** Reports what the smoke test of an update reports. */
async function update(change: () => unknown): Promise<UnreachableEvent[]> {
  const events: UnreachableEvent[] = []
  const run = async (): Promise<string> => {
    change()
    return 'updated'
  }
  const on = (event: UnreachableEvent): void => void events.push(event)
  const signal = AbortSignal.timeout(20_000)
  const updated = ['gateway', 'user', 'event', 'redis']
  expect(await withSmokeTest(swarmEngine('p'), {updated, run}, {on, signal})).toBe('updated')
  return events
}

function edgeAt(port: number): ServiceSpec {
  const labels = {'aquastream.project': 'p', 'aquastream.spec': '1', 'aquastream.image': 'caddy'}
  return {
    Name: 'p_edge',
    Labels: labels,
    TaskTemplate: {ContainerSpec: {Image: 'i', Labels: labels}},
    Mode: {Replicated: {Replicas: 1}},
    EndpointSpec: {Ports: [{TargetPort: 8080, PublishedPort: port}]},
  } as unknown as ServiceSpec
}

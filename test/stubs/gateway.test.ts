// The gateway stub in front of the user and event stubs: tokens, rate limits, forwarding, and the documentation page.
import {once} from 'node:events'
import {type IncomingMessage, request} from 'node:http'
import {SignJWT, UnsecuredJWT} from 'jose'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {operationsOf, SERVICES} from '../helpers/documents.js'
import {JWT_SECRET, Stub} from '../helpers/stubs.js'

const EVENT = '7d9a4f3e-52b1-4c36-9a0e-1c2d3e4f5a01'
const ORGANIZER = '0f6c1c1e-6a55-4c0f-8d7a-91a3b5a0c201'
const OPERATIONS = (await Promise.all(SERVICES.map(operationsOf))).flat()
const GUARDED = OPERATIONS.filter(({guarded}) => guarded)
const CLAIMS = {sub: 'user-1', username: 'user-1', roles: ['USER', 'ORGANIZER']}

let user: Stub
let event: Stub
let gateway: Stub
beforeAll(async () => {
  ;[user, event] = await Promise.all([Stub.open('user'), Stub.open('event')])
  gateway = await openGateway()
})
afterAll(async () => {
  for (const stub of [gateway, user, event]) await stub[Symbol.asyncDispose]()
})

/** Opens a gateway. Tests that count requests need their own. */
function openGateway(more: Record<string, string> = {}): Promise<Stub> {
  const services = {USER_SERVICE_URL: user.url, EVENT_SERVICE_URL: event.url}
  // Nothing listens on port 9
  const others = {PAYMENT_SERVICE_URL: 'http://127.0.0.1:9', CREW_SERVICE_URL: 'http://127.0.0.1:9'}
  return Stub.open('gateway', {...services, ...others, ...more})
}

function signed(secret: string, expires: string): Promise<string> {
  return new SignJWT(CLAIMS)
    .setProtectedHeader({alg: 'HS256'})
    .setExpirationTime(expires)
    .sign(new TextEncoder().encode(secret))
}

test('the user test can log in and see profile and events', async () => {
  const token = await gateway.login()
  const me = await gateway.request('/api/v1/profile/me', {token})
  expect(me).toMatchObject({status: 200, json: {username: 'test', roles: ['USER', 'ORGANIZER']}})
  const {json: organizer} = await gateway.request('/api/v1/organizers/volga-sailing')
  expect(organizer.events).toContainEqual(expect.objectContaining({id: EVENT}))
  expect(await gateway.request(`/api/v1/events/${EVENT}`)).toMatchObject({status: 200, json: {id: EVENT}})
})

test.each([
  ['with another secret', () => signed('another-secret-of-32-characters!', '5m'), 'The token is invalid.'],
  ['that has expired', () => signed(JWT_SECRET, '-1s'), 'The token has expired.'],
  [
    'without a signature',
    () => new UnsecuredJWT(CLAIMS).setExpirationTime('5m').encode(),
    'The token is invalid.',
  ],
  ['that is malformed', () => 'nonsense', 'The token is invalid.'],
  ['for refreshing', refreshToken, 'A refresh token is only valid for /api/v1/auth/refresh.'],
])('a token %s is rejected by gateway and service', async (_, create, detail) => {
  const token = await create()
  for (const stub of [gateway, event]) {
    const response = await stub.request('/api/v1/bookings', {token})
    expect(response).toMatchObject({status: 401, json: {status: 401, detail}})
    expect(response.headers.get('www-authenticate')).toBe(
      `Bearer realm="aquastream", error="invalid_token", error_description="${detail}"`,
    )
  }
})

test.each(GUARDED)('$name through the gateway requires a token', async ({path, method}) => {
  const response = await gateway.request(path, {method})
  expect(response).toMatchObject({status: 401, json: {status: 401, title: 'Unauthorized'}})
  expect(response.headers.get('content-type')).toBe('application/problem+json; charset=utf-8')
  expect(response.json.correlationId).toBe(response.headers.get('x-correlation-id'))
})

test.each(['user', 'event'])('a path of the service %s cannot bypass the token', async service => {
  await using fresh = await openGateway()
  for (const {path, method} of GUARDED.filter(operation => operation.service === service)) {
    const rest = path.replace('/api/v1/', '')
    for (const way of [rest, `../${rest}`, `%2e%2e/${rest}`, `..%2f${rest}`, `..\\${rest}`, `/${rest}`]) {
      const status = await statusOf(fresh, method, `/api/v1/${service}/${way}`)
      expect([400, 401, 404], way).toContain(status)
    }
  }
})

test('a token of a real user service is accepted too', async () => {
  const token = await signed(JWT_SECRET, '5m')
  expect(await gateway.request('/api/v1/bookings', {token})).toMatchObject({status: 200, json: {items: []}})
})

test('a refresh token is exchanged for two new tokens', async () => {
  const response = await gateway.request('/api/v1/auth/refresh', {body: {refreshToken: await refreshToken()}})
  expect(response).toMatchObject({status: 200, json: {user: {username: 'test'}}})
  expect(await gateway.request('/api/v1/profile/me', {token: response.json.accessToken})).toMatchObject({
    status: 200,
  })
})

test('an access token cannot be used as a refresh token', async () => {
  const response = await user.request('/api/v1/auth/refresh', {body: {refreshToken: await user.login()}})
  expect(response).toMatchObject({status: 401, json: {detail: 'The token is not a refresh token.'}})
})

test('a user without the role cannot use organizer operations', async () => {
  const registration = {username: 'newcomer', password: 'long-enough', displayName: 'Newcomer'}
  const {json} = await user.request('/api/v1/auth/register', {body: registration})
  for (const stub of [gateway, event]) {
    const response = await stub.request(`/api/v1/organizers/${ORGANIZER}/bookings`, {token: json.accessToken})
    expect(response).toMatchObject({status: 403, json: {detail: 'The token lacks the role ORGANIZER.'}})
    expect(response.headers.get('www-authenticate')).toContain('error="insufficient_scope"')
  }
})

test.each([
  [
    'an unknown path',
    '/api/v1/nothing',
    {},
    404,
    /^No service handles the path \/api\/v1\/nothing\. Known services: ./,
  ],
  [
    'another method',
    '/api/v1/auth/login',
    {method: 'DELETE'},
    405,
    /does not support DELETE\. Supported methods: POST\.$/,
  ],
  [
    'another media type',
    '/api/v1/auth/refresh',
    form('a=b'),
    415,
    /^The media type of the body must be application\/json, not text/,
  ],
  [
    'half a document',
    '/api/v1/auth/refresh',
    {body: '{"refreshToken": '},
    400,
    /^The body is not valid JSON: ./,
  ],
  ['no body', '/api/v1/auth/refresh', {method: 'POST'}, 400, /the body is required/],
  ['an unknown parameter', '/api/v1/organizers?sort=name', {}, 400, /sort is not allowed/],
  ['a page before the first', '/api/v1/organizers?page=-1', {}, 400, /page must be >= 0/],
  [
    'a stopped service',
    '/api/v1/webhooks/yookassa',
    {body: {}},
    502,
    /^The service "payment" cannot be reached/,
  ],
])('%s is answered with a problem document', async (_, path, init, status, detail) => {
  await using fresh = await openGateway()
  const response = await fresh.request(path, init)
  expect(response).toMatchObject({status, json: {status, detail: expect.stringMatching(detail)}})
  expect(response.headers.get('content-type')).toBe('application/problem+json; charset=utf-8')
  expect(response.json.correlationId).toBe(response.headers.get('x-correlation-id'))
  expect(response.headers.get('allow')).toBe(status === 405 ? 'POST' : null)
})

test.each([
  ['login requests', '/api/v1/auth/login', '/api/v1/auth/refresh', 10],
  ['payment requests', '/api/v1/payments/init', '/api/v1/payments/init', 30],
  ['other requests', '/api/v1/organizers', '/api/v1/profile/me', 60],
])('%s have a rate limit that they share', async (_, path, other, limit) => {
  await using fresh = await openGateway()
  const before = await Promise.all(Array.from({length: limit}, () => fresh.request(path)))
  expect(before.filter(({status}) => status === 429)).toEqual([])
  const response = await fresh.request(other)
  expect(response).toMatchObject({status: 429, json: {title: 'Too Many Requests', instance: other}})
  expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0)
  expect((await fresh.request('/api/v1/events/none')).status).toBe(limit === 60 ? 429 : 400)
})

test.each([
  ['native', true],
  ['none', false],
])('clients behind a proxy are told apart: %s', async (strategy, areTold) => {
  await using fresh = await openGateway({SERVER_FORWARD_HEADERS_STRATEGY: strategy})
  const loginFrom = (client: string) =>
    fresh.request('/api/v1/auth/refresh', {headers: {'x-forwarded-for': client}})
  await Promise.all(Array.from({length: 10}, () => loginFrom('192.0.2.1')))
  expect((await loginFrom('192.0.2.1')).status).toBe(429)
  // A client may send the header as well; only the entry of the proxy, the last one, counts.
  expect((await loginFrom('192.0.2.99, 192.0.2.1')).status).toBe(429)
  expect((await loginFrom('192.0.2.2')).status !== 429).toBe(areTold)
})

test.each(['/actuator/health/readiness', '/docs/config.json', '/api/v1/webhooks/yookassa'])(
  '%s has no rate limit at all',
  async path => {
    await using fresh = await openGateway()
    const responses = await Promise.all(Array.from({length: 70}, () => fresh.request(path)))
    expect(responses.filter(({status}) => status === 429)).toEqual([])
  },
)

test('the documentation page loads from the gateway only', async () => {
  const config = await gateway.request('/docs/config.json')
  expect(config.json.urls).toContainEqual({name: 'event', url: '/docs/event.yaml'})
  for (const {url} of config.json.urls as {url: string}[]) {
    expect((await gateway.request(url)).text).toMatch(/^openapi: 3\.1\.0$/m)
  }
  expect((await gateway.request('/docs')).headers.get('location')).toBe('/docs/')
  const page = await gateway.request('/docs/')
  expect(page.headers.get('content-security-policy')).toMatch(/^default-src 'none'; script-src 'self';/)
  const files = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, file]) => file!)
  for (const file of files.filter(name => name !== 'data:,')) {
    expect(await gateway.request(`/docs/${file}`), file).toMatchObject({status: 200})
  }
})

test('a path of a service is forwarded there unchanged', async () => {
  const response = await gateway.request('/api/v1/event/anything?of=it')
  expect(response).toMatchObject({status: 404, json: {instance: '/api/v1/event/anything'}})
})

test('no path parameter can lead to another path', async () => {
  for (const path of ['/api/v1/organizers/%2e%2e', '/api/v1/organizers/..%2f..%2fbookings']) {
    expect((await gateway.request(path)).status, path).toBeGreaterThanOrEqual(400)
  }
})

async function refreshToken(): Promise<string> {
  const {json} = await user.request('/api/v1/auth/login', {body: {username: 'test', password: 'test'}})
  return json.refreshToken
}

function form(body: string): {body: string; headers: Record<string, string>} {
  return {body, headers: {'content-type': 'text/plain'}}
}

test('a path that is not normalized is rejected', async () => {
  expect(await statusOf(gateway, 'POST', `/api/v1/organizers/${ORGANIZER}\\events`)).toBe(400)
})

/** Sends the path unchanged, which fetch would normalize, and returns the status. */
async function statusOf(stub: Stub, method: string, path: string): Promise<number> {
  const sent = request(`${stub.url}/`, {path, method})
  sent.end()
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  return response.resume().statusCode!
}

test('a form is validated where only JSON is accepted', async () => {
  const headers = {
    authorization: `Bearer ${await gateway.login()}`,
    'content-type': 'application/x-www-form-urlencoded',
  }
  expect((await fetch(`${gateway.url}/api/v1/bookings?size=abc`, {headers})).status).toBe(400)
  expect((await fetch(`${gateway.url}/api/v1/bookings`, {headers, method: 'POST'})).status).toBe(400)
})

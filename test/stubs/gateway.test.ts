// The stub of the gateway before the stubs of user and event: tokens, limits, the ways in, and the pages.
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
const CLAIMS = {sub: 'somebody', username: 'somebody', roles: ['USER', 'ORGANIZER']}

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

/** Each test that counts requests has a gateway of its own. */
function openGateway(): Promise<Stub> {
  const services = {USER_SERVICE_URL: user.url, EVENT_SERVICE_URL: event.url}
  // Nobody is there
  const others = {PAYMENT_SERVICE_URL: 'http://127.0.0.1:9', CREW_SERVICE_URL: 'http://127.0.0.1:9'}
  return Stub.open('gateway', {...services, ...others})
}

function signed(secret: string, expires: string): Promise<string> {
  return new SignJWT(CLAIMS)
    .setProtectedHeader({alg: 'HS256'})
    .setExpirationTime(expires)
    .sign(new TextEncoder().encode(secret))
}

test('test can log in and see profile and events', async () => {
  const token = await gateway.login()
  const me = await gateway.ask('/api/v1/profile/me', {token})
  expect(me).toMatchObject({status: 200, json: {username: 'test', roles: ['USER', 'ORGANIZER']}})
  const {json: organizer} = await gateway.ask('/api/v1/organizers/volga-sailing')
  expect(organizer.events).toContainEqual(expect.objectContaining({id: EVENT}))
  expect(await gateway.ask(`/api/v1/events/${EVENT}`)).toMatchObject({status: 200, json: {id: EVENT}})
})

test.each([
  ['of another secret', () => signed('another-secret-of-32-characters!', '5m'), 'The token is not valid.'],
  ['that has expired', () => signed(JWT_SECRET, '-1s'), 'The token has expired.'],
  [
    'without a signature',
    () => new UnsecuredJWT(CLAIMS).setExpirationTime('5m').encode(),
    'The token is not valid.',
  ],
  ['that is none', () => 'nonsense', 'The token is not valid.'],
  ['for refreshing', refreshToken, 'A refresh token is good for /auth/refresh only.'],
])('a token %s is refused, everywhere', async (_, make, detail) => {
  const token = await make()
  for (const stub of [gateway, event]) {
    const answer = await stub.ask('/api/v1/bookings', {token})
    expect(answer).toMatchObject({status: 401, json: {status: 401, detail}})
    expect(answer.headers.get('www-authenticate')).toBe(
      `Bearer realm="aquastream", error="invalid_token", error_description="${detail}"`,
    )
  }
})

test.each(GUARDED)('$name through the gateway needs a token', async ({path, method}) => {
  const answer = await gateway.ask(path, {method})
  expect(answer).toMatchObject({status: 401, json: {status: 401, title: 'Unauthorized'}})
  expect(answer.headers.get('content-type')).toBe('application/problem+json; charset=utf-8')
  expect(answer.json.correlationId).toBe(answer.headers.get('x-correlation-id'))
})

test.each(['user', 'event'])('under the name of the service %s there is no way around', async service => {
  await using fresh = await openGateway()
  for (const {path, method} of GUARDED.filter(operation => operation.service === service)) {
    const rest = path.replace('/api/v1/', '')
    for (const way of [rest, `../${rest}`, `%2e%2e/${rest}`, `..%2f${rest}`, `..\\${rest}`, `/${rest}`]) {
      const status = await statusOf(fresh, method, `/api/v1/${service}/${way}`)
      expect([400, 401, 404], way).toContain(status)
    }
  }
})

test('the token of a real service is accepted too', async () => {
  const token = await signed(JWT_SECRET, '5m')
  expect(await gateway.ask('/api/v1/bookings', {token})).toMatchObject({status: 200, json: {items: []}})
})

test('a refresh token brings a new pair', async () => {
  const answer = await gateway.ask('/api/v1/auth/refresh', {body: {refreshToken: await refreshToken()}})
  expect(answer).toMatchObject({status: 200, json: {user: {username: 'test'}}})
  expect(await gateway.ask('/api/v1/profile/me', {token: answer.json.accessToken})).toMatchObject({
    status: 200,
  })
})

test('an access token refreshes nothing', async () => {
  const answer = await user.ask('/api/v1/auth/refresh', {body: {refreshToken: await user.login()}})
  expect(answer).toMatchObject({status: 401, json: {detail: 'This is no refresh token.'}})
})

test('who is no organizer is kept from their desk', async () => {
  const registration = {username: 'newcomer', password: 'long-enough', displayName: 'Newcomer'}
  const {json} = await user.ask('/api/v1/auth/register', {body: registration})
  for (const stub of [gateway, event]) {
    const answer = await stub.ask(`/api/v1/organizers/${ORGANIZER}/bookings`, {token: json.accessToken})
    expect(answer).toMatchObject({status: 403, json: {detail: 'This needs the role ORGANIZER.'}})
    expect(answer.headers.get('www-authenticate')).toContain('error="insufficient_scope"')
  }
})

test.each([
  ['an unknown path', '/api/v1/nothing', {}, 404, /^No service for \/api\/v1\/nothing: the gateway knows ./],
  ['another method', '/api/v1/auth/login', {method: 'DELETE'}, 405, /takes POST, not DELETE/],
  [
    'another media type',
    '/api/v1/auth/refresh',
    form('a=b'),
    415,
    /^The body has to be application\/json, not text/,
  ],
  ['half a document', '/api/v1/auth/refresh', {body: '{"refreshToken": '}, 400, /^The body is no JSON: ./],
  ['no body', '/api/v1/auth/refresh', {method: 'POST'}, 400, /the body is required/],
  ['an unknown parameter', '/api/v1/organizers?sort=name', {}, 400, /sort is not known/],
  ['a page before the first', '/api/v1/organizers?page=-1', {}, 400, /page must be >= 0/],
  [
    'a service that is gone',
    '/api/v1/webhooks/yookassa',
    {body: {}},
    502,
    /^The service "payment" cannot be reached/,
  ],
])('%s gets a problem document', async (_, path, init, status, detail) => {
  await using fresh = await openGateway()
  const answer = await fresh.ask(path, init)
  expect(answer).toMatchObject({status, json: {status, detail: expect.stringMatching(detail)}})
  expect(answer.headers.get('content-type')).toBe('application/problem+json; charset=utf-8')
  expect(answer.json.correlationId).toBe(answer.headers.get('x-correlation-id'))
  expect(answer.headers.get('allow')).toBe(status === 405 ? 'POST' : null)
})

test.each([
  ['logins', '/api/v1/auth/login', '/api/v1/auth/refresh', 10],
  ['payments', '/api/v1/payments/init', '/api/v1/payments/init', 30],
  ['other requests', '/api/v1/organizers', '/api/v1/profile/me', 60],
])('%s have a limit, counted together', async (_, path, other, limit) => {
  await using fresh = await openGateway()
  const before = await Promise.all(Array.from({length: limit}, () => fresh.ask(path)))
  expect(before.filter(({status}) => status === 429)).toEqual([])
  const answer = await fresh.ask(other)
  expect(answer).toMatchObject({status: 429, json: {title: 'Too Many Requests', instance: other}})
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
  expect((await fresh.ask('/api/v1/events/none')).status).toBe(limit === 60 ? 429 : 400)
})

test.each(['/actuator/health/readiness', '/docs/config.json', '/api/v1/webhooks/yookassa'])(
  '%s has no limit',
  async path => {
    await using fresh = await openGateway()
    const answers = await Promise.all(Array.from({length: 70}, () => fresh.ask(path)))
    expect(answers.filter(({status}) => status === 429)).toEqual([])
  },
)

test('the pages and documents come from the gateway alone', async () => {
  const config = await gateway.ask('/docs/config.json')
  expect(config.json.urls).toContainEqual({name: 'event', url: '/docs/event.yaml'})
  for (const {url} of config.json.urls as {url: string}[]) {
    expect((await gateway.ask(url)).text).toMatch(/^openapi: 3\.1\.0$/m)
  }
  expect((await gateway.ask('/docs')).headers.get('location')).toBe('/docs/')
  const page = await gateway.ask('/docs/')
  expect(page.headers.get('content-security-policy')).toMatch(/^default-src 'none'; script-src 'self';/)
  const files = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, file]) => file!)
  for (const file of files.filter(name => name !== 'data:,')) {
    expect(await gateway.ask(`/docs/${file}`), file).toMatchObject({status: 200})
  }
})

test('paths of a service keep going there as they are', async () => {
  const answer = await gateway.ask('/api/v1/event/anything?of=it')
  expect(answer).toMatchObject({status: 404, json: {instance: '/api/v1/event/anything'}})
})

test('no parameter of a path leads elsewhere', async () => {
  for (const path of ['/api/v1/organizers/%2e%2e', '/api/v1/organizers/..%2f..%2fbookings']) {
    expect((await gateway.ask(path)).status, path).toBeGreaterThanOrEqual(400)
  }
})

async function refreshToken(): Promise<string> {
  const {json} = await user.ask('/api/v1/auth/login', {body: {username: 'test', password: 'test'}})
  return json.refreshToken
}

function form(body: string): {body: string; headers: Record<string, string>} {
  return {body, headers: {'content-type': 'text/plain'}}
}

test('a path that services would read otherwise is refused', async () => {
  expect(await statusOf(gateway, 'POST', `/api/v1/organizers/${ORGANIZER}\\events`)).toBe(400)
})

/** The path goes out as it is written: fetch would tidy it up. */
async function statusOf(stub: Stub, method: string, path: string): Promise<number> {
  const asking = request(`${stub.url}/`, {path, method})
  asking.end()
  const [response] = (await once(asking, 'response')) as [IncomingMessage]
  return response.resume().statusCode!
}

test('a form is checked where no form is taken', async () => {
  const headers = {
    authorization: `Bearer ${await gateway.login()}`,
    'content-type': 'application/x-www-form-urlencoded',
  }
  expect((await fetch(`${gateway.url}/api/v1/bookings?size=abc`, {headers})).status).toBe(400)
  expect((await fetch(`${gateway.url}/api/v1/bookings`, {headers, method: 'POST'})).status).toBe(400)
})

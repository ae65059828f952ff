// Scripted failures of the mocks, and the protection of their page and their log.
import {request} from 'node:http'
import {afterAll, beforeAll, beforeEach, expect, test} from 'vitest'
import {CLOUDPAYMENTS, Mocks, WebhookReceiver, BOT_TOKEN, YOOKASSA} from '../helpers/mocks.js'

let shop: WebhookReceiver
let mocks: Mocks
beforeAll(async () => {
  shop = await WebhookReceiver.open()
  mocks = await Mocks.open(`${shop.url}/webhooks`)
})
afterAll(async () => {
  await mocks[Symbol.asyncDispose]()
  await shop[Symbol.asyncDispose]()
})
beforeEach(async () => {
  await mocks.request('/__mocks/failures', {method: 'DELETE'})
})

const ORDER = {
  amount: {value: '10.00', currency: 'RUB'},
  capture: true,
  confirmation: {type: 'redirect', return_url: 'https://shop.example/'},
}
const PURCHASE = {Amount: 1, CardCryptogramPacket: '01424242424230125AAAA'}

test('a scripted error occurs the given number of times', async () => {
  await mocks.scriptFailure('yookassa', 'create-payment', 'error', 2)
  const create = async () => (await mocks.yookassa('POST', '/payments', ORDER)).status
  expect([await create(), await create(), await create()]).toEqual([500, 500, 200])
})

test('each provider fails with its own error format', async () => {
  await mocks.scriptFailure('telegram', 'sendMessage', 'error')
  await mocks.scriptFailure('yookassa', 'get-payment', 'rate-limit')
  await mocks.scriptFailure('cloudpayments', 'get', 'error')
  expect((await mocks.telegram('sendMessage', {chat_id: 1, text: 'x'})).json).toEqual({
    ok: false,
    error_code: 500,
    description: 'Internal Server Error',
  })
  expect(await mocks.yookassa('GET', '/payments/x')).toMatchObject({
    status: 429,
    json: {type: 'error', code: 'too_many_requests'},
  })
  expect((await mocks.cloudpayments('/payments/get', {TransactionId: 1})).status).toBe(500)
})

test('Telegram states when a request may be repeated', async () => {
  await mocks.scriptFailure('telegram', 'sendMessage', 'rate-limit')
  const {status, headers, json} = await mocks.telegram('sendMessage', {chat_id: 1, text: 'x'})
  expect({status, retryAfter: headers.get('retry-after'), json}).toEqual({
    status: 429,
    retryAfter: '3',
    json: {
      ok: false,
      error_code: 429,
      description: 'Too Many Requests: retry after 3',
      parameters: {retry_after: 3},
    },
  })
})

test('a payment whose response is lost exists under its key', async () => {
  await mocks.scriptFailure('yookassa', 'create-payment', 'timeout')
  const count = async () => (await mocks.yookassa('GET', '/payments')).json.items.length as number
  const before = await count()
  const abort = new AbortController()
  const lost = mocks.yookassa('POST', '/payments', ORDER, 'lost', abort.signal)
  await mocks.waitUntil(async () => expect(await count()).toBe(before + 1))
  abort.abort()
  await expect(lost).rejects.toThrow('aborted')
  expect((await mocks.yookassa('POST', '/payments', ORDER, 'lost')).status).toBe(200)
  expect(await count()).toBe(before + 1)
})

test('a decline can be scripted for every provider', async () => {
  await mocks.scriptFailure('telegram', 'sendMessage', 'decline')
  await mocks.scriptFailure('cloudpayments', 'charge', 'decline')
  await mocks.scriptFailure('yookassa', 'pay', 'decline')
  expect((await mocks.telegram('sendMessage', {chat_id: 1, text: 'x'})).json).toMatchObject({
    error_code: 403,
    description: 'Forbidden: bot was blocked by the user',
  })
  expect((await mocks.cloudpayments('/payments/cards/charge', PURCHASE)).json).toMatchObject({
    Success: false,
    Model: {Status: 'Declined', Reason: 'InsufficientFunds', ReasonCode: 5051},
  })
  const {json} = await mocks.yookassa('POST', '/payments', ORDER)
  await mocks.submitForm(`/pay/${json.id}/pay`)
  expect((await mocks.yookassa('GET', `/payments/${json.id}`)).json).toMatchObject({
    status: 'canceled',
    cancellation_details: {reason: 'insufficient_funds'},
  })
})

test('a duplicate webhook arrives twice with the same body', async () => {
  await mocks.scriptFailure('yookassa', 'webhook', 'duplicate')
  const {json} = await mocks.yookassa('POST', '/payments', ORDER)
  await mocks.submitForm(`/actions/payments/${json.id}/pay`)
  const [first, second] = await shop.waitForRequests('/webhooks/yookassa', 2, json.id as string)
  expect(second!.body).toBe(first!.body)
})

test('scripts are listed and removed, unknown names rejected', async () => {
  await mocks.scriptFailure('cloudpayments', 'auth', 'timeout', 3)
  const failures = [{provider: 'cloudpayments', operation: 'auth', failure: 'timeout', times: 3}]
  expect((await mocks.request('/__mocks/failures')).json).toEqual({failures})
  expect((await mocks.request('/__mocks/failures', {method: 'DELETE'})).status).toBe(204)
  expect((await mocks.request('/__mocks/failures')).json).toEqual({failures: []})
  expect(await mocks.scriptFailure('yookassa', 'refuel', 'error')).toMatchObject({
    status: 400,
    json: {error: 'the operation does not exist or does not support this failure'},
  })
  expect(await mocks.scriptFailure('stripe', 'charge', 'error')).toMatchObject({
    status: 400,
    json: {error: expect.stringMatching(/^provider: /)},
  })
})

test.each([
  ['another website', {'sec-fetch-site': 'cross-site'}],
  ['an older browser on another website', {origin: 'https://evil.example'}],
  ['a DNS name that points here', {host: 'evil.example'}],
])('a form submitted from %s has no effect', async (_, headers) => {
  expect(await rawPost('/actions/messages', 'chat=666&text=gotcha', headers)).toBe(403)
  expect((await mocks.request('/')).text).not.toContain('gotcha')
})

test('the log contains no tokens, no secrets and no cards', async () => {
  await using other = await Mocks.open(`${shop.url}/webhooks`)
  await other.telegram('sendMessage', {chat_id: 1, text: 'x'})
  await other.request(`/bot${BOT_TOKEN}`)
  await other.request(`//bot${BOT_TOKEN}/getMe`)
  await other.telegram('setWebhook', {url: `${shop.url}/telegram/${BOT_TOKEN}`})
  await other.submitForm('/actions/messages', {chat: '1', text: 'hello'})
  await shop.waitForRequests('/telegram')
  await other.yookassa('GET', '/payments')
  await other.cloudpayments('/payments/cards/charge', PURCHASE)
  const log = await other.stopAndReadLog()
  expect(log).toContain('/bot***/sendMessage')
  for (const secret of [BOT_TOKEN, YOOKASSA.secretKey, CLOUDPAYMENTS.apiSecret, '4242'])
    expect(log).not.toContain(secret)
})

/** Sends headers that fetch does not allow, and returns the status. */
function rawPost(path: string, body: string, headers: Record<string, string>): Promise<number> {
  return new Promise((resolve, reject) => {
    const type = {'content-type': 'application/x-www-form-urlencoded'}
    request(mocks.url + path, {method: 'POST', headers: {...type, ...headers}}, response => {
      response.resume()
      resolve(response.statusCode!)
    })
      .on('error', reject)
      .end(body)
  })
}

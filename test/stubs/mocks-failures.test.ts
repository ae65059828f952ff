// What a test can make the mocks do wrong, and what nobody can.
import {request} from 'node:http'
import {afterAll, beforeAll, beforeEach, expect, test} from 'vitest'
import {CLOUDPAYMENTS, Mocks, Shop, TOKEN, YOOKASSA} from '../helpers/mocks.js'

let shop: Shop
let mocks: Mocks
beforeAll(async () => {
  shop = await Shop.open()
  mocks = await Mocks.open(`${shop.url}/webhooks`)
})
afterAll(async () => {
  await mocks[Symbol.asyncDispose]()
  await shop[Symbol.asyncDispose]()
})
beforeEach(async () => {
  await mocks.ask('/__mocks/failures', {method: 'DELETE'})
})

const ORDER = {
  amount: {value: '10.00', currency: 'RUB'},
  capture: true,
  confirmation: {type: 'redirect', return_url: 'https://shop.example/'},
}
const PURCHASE = {Amount: 1, CardCryptogramPacket: '01424242424230125AAAA'}

test('a scripted error happens so often, then no more', async () => {
  await mocks.script('yookassa', 'create-payment', 'error', 2)
  const create = async () => (await mocks.yookassa('POST', '/payments', ORDER)).status
  expect([await create(), await create(), await create()]).toEqual([500, 500, 200])
})

test('each provider fails in its own words', async () => {
  await mocks.script('telegram', 'sendMessage', 'error')
  await mocks.script('yookassa', 'get-payment', 'rate-limit')
  await mocks.script('cloudpayments', 'get', 'error')
  expect((await mocks.bot('sendMessage', {chat_id: 1, text: 'x'})).json).toEqual({
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

test('Telegram says when to ask again', async () => {
  await mocks.script('telegram', 'sendMessage', 'rate-limit')
  const {status, headers, json} = await mocks.bot('sendMessage', {chat_id: 1, text: 'x'})
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

test('a payment without an answer is there under its key', async () => {
  await mocks.script('yookassa', 'create-payment', 'timeout')
  const count = async () => (await mocks.yookassa('GET', '/payments')).json.items.length as number
  const before = await count()
  const abort = new AbortController()
  const lost = mocks.yookassa('POST', '/payments', ORDER, 'lost', abort.signal)
  await mocks.until(async () => expect(await count()).toBe(before + 1))
  abort.abort()
  await expect(lost).rejects.toThrow('aborted')
  expect((await mocks.yookassa('POST', '/payments', ORDER, 'lost')).status).toBe(200)
  expect(await count()).toBe(before + 1)
})

test('declines are scripted for every provider', async () => {
  await mocks.script('telegram', 'sendMessage', 'decline')
  await mocks.script('cloudpayments', 'charge', 'decline')
  await mocks.script('yookassa', 'pay', 'decline')
  expect((await mocks.bot('sendMessage', {chat_id: 1, text: 'x'})).json).toMatchObject({
    error_code: 403,
    description: 'Forbidden: bot was blocked by the user',
  })
  expect((await mocks.cloudpayments('/payments/cards/charge', PURCHASE)).json).toMatchObject({
    Success: false,
    Model: {Status: 'Declined', Reason: 'InsufficientFunds', ReasonCode: 5051},
  })
  const {json} = await mocks.yookassa('POST', '/payments', ORDER)
  await mocks.press(`/pay/${json.id}/pay`)
  expect((await mocks.yookassa('GET', `/payments/${json.id}`)).json).toMatchObject({
    status: 'canceled',
    cancellation_details: {reason: 'insufficient_funds'},
  })
})

test('a duplicate webhook comes twice, the same', async () => {
  await mocks.script('yookassa', 'webhook', 'duplicate')
  const {json} = await mocks.yookassa('POST', '/payments', ORDER)
  await mocks.press(`/actions/payments/${json.id}/pay`)
  const [first, second] = await shop.got('/webhooks/yookassa', 2, json.id as string)
  expect(second!.body).toBe(first!.body)
})

test('scripts are listed, cleared, and refused by name', async () => {
  await mocks.script('cloudpayments', 'auth', 'timeout', 3)
  const failures = [{provider: 'cloudpayments', operation: 'auth', failure: 'timeout', times: 3}]
  expect((await mocks.ask('/__mocks/failures')).json).toEqual({failures})
  expect((await mocks.ask('/__mocks/failures', {method: 'DELETE'})).status).toBe(204)
  expect((await mocks.ask('/__mocks/failures')).json).toEqual({failures: []})
  expect(await mocks.script('yookassa', 'refuel', 'error')).toMatchObject({
    status: 400,
    json: {error: 'this operation cannot fail like that'},
  })
  expect(await mocks.script('stripe', 'charge', 'error')).toMatchObject({
    status: 400,
    json: {error: expect.stringMatching(/^provider: /)},
  })
})

test.each([
  ['another site', {'sec-fetch-site': 'cross-site'}],
  ['an old browser elsewhere', {origin: 'https://evil.example'}],
  ['a name that points here', {host: 'evil.example'}],
])('a button pressed from %s does nothing', async (_, headers) => {
  expect(await rawPost('/actions/messages', 'chat=666&text=gotcha', headers)).toBe(403)
  expect((await mocks.ask('/')).text).not.toContain('gotcha')
})

test('the log has neither tokens nor secrets nor cards', async () => {
  await using other = await Mocks.open(`${shop.url}/webhooks`)
  await other.bot('sendMessage', {chat_id: 1, text: 'x'})
  await other.ask(`/bot${TOKEN}`)
  await other.ask(`//bot${TOKEN}/getMe`)
  await other.bot('setWebhook', {url: `${shop.url}/telegram/${TOKEN}`})
  await other.press('/actions/messages', {chat: '1', text: 'hello'})
  await shop.got('/telegram')
  await other.yookassa('GET', '/payments')
  await other.cloudpayments('/payments/cards/charge', PURCHASE)
  const log = await other.logs()
  expect(log).toContain('/bot***/sendMessage')
  for (const secret of [TOKEN, YOOKASSA.secretKey, CLOUDPAYMENTS.apiSecret, '4242'])
    expect(log).not.toContain(secret)
})

/** Sends headers that fetch keeps to itself; the status. */
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

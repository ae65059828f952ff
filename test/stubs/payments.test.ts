// The stub of payment when something is wrong with a provider, or with what claims to be one.
import {createHmac} from 'node:crypto'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {CLOUDPAYMENTS, Mocks, Shop} from '../helpers/mocks.js'
import {paymentVariables} from '../helpers/stub-platform.js'
import {Stub} from '../helpers/stubs.js'

const BOOKING = 'c1a7e0b4-3f52-4d8b-a6c9-5e4d3c2b1a01'
const AMOUNT = {value: '100.00', currency: 'RUB'}

let mocks: Mocks
let payment: Stub
let token: string
beforeAll(async () => {
  await using user = await Stub.open('user')
  token = await user.login()
  mocks = await Mocks.open('http://127.0.0.1:9')
  payment = await Stub.open('payment', paymentVariables(mocks.url))
})
afterAll(async () => {
  await payment[Symbol.asyncDispose]()
  await mocks[Symbol.asyncDispose]()
})

function init(provider: string, stub = payment) {
  return stub.ask('/api/v1/payments/init', {token, body: {bookingId: BOOKING, amount: AMOUNT, provider}})
}

async function report(
  notification: string,
  fields: Record<string, string>,
  secret = CLOUDPAYMENTS.apiSecret,
) {
  const body = new URLSearchParams(fields).toString()
  const signature = createHmac('sha256', secret).update(body).digest('base64')
  const headers = {'content-type': 'application/x-www-form-urlencoded', 'Content-HMAC': signature}
  return payment.ask(`/api/v1/webhooks/cloudpayments?notification=${notification}`, {body, headers})
}

test.each([
  ['yookassa', 'YooKassa cannot be reached at http://127.0.0.1:9'],
  ['cloudpayments', 'CloudPayments cannot be reached at http://127.0.0.1:9'],
])('%s that is down is named', async (provider, words) => {
  await using lonely = await Stub.open('payment', paymentVariables('http://127.0.0.1:9'))
  const answer = await init(provider, lonely)
  expect(answer).toMatchObject({status: 502, json: {title: 'Bad Gateway'}})
  expect(answer.json.detail).toMatch(new RegExp(`^${words}: .`))
})

test.each([
  ['yookassa', 'create-payment', 'YooKassa answers 500: Internal server error.'],
  ['cloudpayments', 'create-order', 'CloudPayments answers 500.'],
])('%s that fails is quoted', async (provider, operation, detail) => {
  await mocks.script(provider, operation, 'error')
  expect(await init(provider)).toMatchObject({status: 502, json: {detail}})
})

test('a wrong secret of the shop is told', async () => {
  const wrong = {...paymentVariables(mocks.url), YOOKASSA_SECRET_KEY: 'wrong-canary'}
  await using stranger = await Stub.open('payment', wrong)
  const answer = await init('yookassa', stranger)
  expect(answer.json.detail).toMatch(/^YooKassa answers 401: Error in shopId or secret key/)
  expect(JSON.stringify([answer.json, await stranger.logs()])).not.toContain('wrong-canary')
})

test.each([
  ['http://192.0.2.1', 'http://192.0.2.1'],
  ['http://0.0.0.0', 'http://localhost'],
])('published on %s, the links of a payment name %s', async (given, named) => {
  await using platform = await Shop.open()
  await using elsewhere = await Mocks.open(platform.url, {PUBLIC_URL: `${given}:18090`})
  const variables = {...paymentVariables(elsewhere.url), GATEWAY_PUBLIC_URL: `${given}:18080`}
  await using shop = await Stub.open('payment', variables)
  for (const provider of ['yookassa', 'cloudpayments']) {
    const url = new URL(String((await init(provider, shop)).json.confirmationUrl))
    expect(url.origin).toBe(`${named}:18090`)
    const {headers} = await elsewhere.press(`${url.pathname}/pay`)
    expect(headers.get('location')).toBe(`${named}:18080/docs/`)
  }
})

test('a report of CloudPayments needs its signature', async () => {
  const {json} = await init('cloudpayments')
  const fields = {InvoiceId: json.id, TransactionId: '1', Amount: AMOUNT.value, Currency: 'RUB'}
  const detail = 'Content-HMAC is missing, or is not the signature of this body.'
  expect(await report('pay', fields, 'another secret')).toMatchObject({status: 403, json: {detail}})
})

test('CloudPayments may take what was asked for', async () => {
  const {json} = await init('cloudpayments')
  const fields = {InvoiceId: json.id, TransactionId: '1', Amount: '100.00', Currency: 'RUB'}
  expect(await report('check', fields)).toMatchObject({status: 200, json: {code: 0}})
  expect(await report('check', {...fields, Amount: '1.00'})).toMatchObject({json: {code: 12}})
  expect(await report('check', {...fields, InvoiceId: 'unknown'})).toMatchObject({json: {code: 10}})
})

test('reports of unknown payments are taken and logged', async () => {
  await using fresh = await Stub.open('payment', paymentVariables(mocks.url))
  const body = {type: 'notification', event: 'payment.succeeded', object: {id: 'unknown-1'}}
  expect(await fresh.ask('/api/v1/webhooks/yookassa', {body})).toMatchObject({json: {code: 0}})
  const message = 'YooKassa reports payment.succeeded of unknown-1, a payment that this stub has not started'
  expect(await fresh.logs()).toContainEqual(expect.objectContaining({level: 'warn', message}))
})

test('each provider reports in its own media type', async () => {
  const headers = {'content-type': 'application/x-www-form-urlencoded'}
  expect(await payment.ask('/api/v1/webhooks/yookassa', {body: 'a=b', headers})).toMatchObject({status: 415})
})

test('only a transfer needs a proof, and only once', async () => {
  const {json} = await init('yookassa')
  const body = {fileUrl: 'https://media.example.org/receipt.pdf'}
  const answer = await payment.ask(`/api/v1/payments/${json.id}/proof`, {token, body})
  expect(answer).toMatchObject({
    status: 409,
    json: {detail: 'The payment goes by yookassa, which needs no proof.'},
  })
})

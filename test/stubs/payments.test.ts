// The payment stub with failing providers and with forged or unexpected webhooks.
import {createHmac} from 'node:crypto'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {CLOUDPAYMENTS, Mocks, WebhookReceiver} from '../helpers/mocks.js'
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
  return stub.request('/api/v1/payments/init', {token, body: {bookingId: BOOKING, amount: AMOUNT, provider}})
}

async function notify(
  notification: string,
  fields: Record<string, string>,
  secret = CLOUDPAYMENTS.apiSecret,
) {
  const body = new URLSearchParams(fields).toString()
  const signature = createHmac('sha256', secret).update(body).digest('base64')
  const headers = {'content-type': 'application/x-www-form-urlencoded', 'Content-HMAC': signature}
  return payment.request(`/api/v1/webhooks/cloudpayments?notification=${notification}`, {body, headers})
}

test.each([
  ['yookassa', 'YooKassa cannot be reached at http://127.0.0.1:9'],
  ['cloudpayments', 'CloudPayments cannot be reached at http://127.0.0.1:9'],
])('the error names %s if it cannot be reached', async (provider, message) => {
  await using stub = await Stub.open('payment', paymentVariables('http://127.0.0.1:9'))
  const response = await init(provider, stub)
  expect(response).toMatchObject({status: 502, json: {title: 'Bad Gateway'}})
  expect(response.json.detail).toMatch(new RegExp(`^${message}: .`))
})

test.each([
  ['yookassa', 'create-payment', 'YooKassa responded with HTTP 500: Internal server error.'],
  ['cloudpayments', 'create-order', 'CloudPayments responded with HTTP 500.'],
])('the error of %s is part of the response', async (provider, operation, detail) => {
  await mocks.scriptFailure(provider, operation, 'error')
  expect(await init(provider)).toMatchObject({status: 502, json: {detail}})
})

test('a wrong secret key is reported but never shown', async () => {
  const wrong = {...paymentVariables(mocks.url), YOOKASSA_SECRET_KEY: 'wrong-canary'}
  await using stub = await Stub.open('payment', wrong)
  const response = await init('yookassa', stub)
  expect(response.json.detail).toMatch(/^YooKassa responded with HTTP 401: Error in shopId or secret key/)
  expect(JSON.stringify([response.json, await stub.stopAndReadLog()])).not.toContain('wrong-canary')
})

test.each([
  ['http://192.0.2.1', 'http://192.0.2.1'],
  ['http://0.0.0.0', 'http://localhost'],
])('with the address %s, links of payments use %s', async (configured, expected) => {
  await using platform = await WebhookReceiver.open()
  await using ownMocks = await Mocks.open(platform.url, {PUBLIC_URL: `${configured}:18090`})
  const variables = {...paymentVariables(ownMocks.url), GATEWAY_PUBLIC_URL: `${configured}:18080`}
  await using shop = await Stub.open('payment', variables)
  for (const provider of ['yookassa', 'cloudpayments']) {
    const url = new URL(String((await init(provider, shop)).json.confirmationUrl))
    expect(url.origin).toBe(`${expected}:18090`)
    const {headers} = await ownMocks.submitForm(`${url.pathname}/pay`)
    expect(headers.get('location')).toBe(`${expected}:18080/docs/`)
  }
})

test('a CloudPayments notification without valid signature is rejected', async () => {
  const {json} = await init('cloudpayments')
  const fields = {InvoiceId: json.id, TransactionId: '1', Amount: AMOUNT.value, Currency: 'RUB'}
  const detail = 'Content-HMAC is missing or is not the signature of the body.'
  expect(await notify('pay', fields, 'another secret')).toMatchObject({status: 403, json: {detail}})
})

test('CloudPayments may charge only the amount of the payment', async () => {
  const {json} = await init('cloudpayments')
  const fields = {InvoiceId: json.id, TransactionId: '1', Amount: '100.00', Currency: 'RUB'}
  expect(await notify('check', fields)).toMatchObject({status: 200, json: {code: 0}})
  expect(await notify('check', {...fields, Amount: '1.00'})).toMatchObject({json: {code: 12}})
  expect(await notify('check', {...fields, InvoiceId: 'unknown'})).toMatchObject({json: {code: 10}})
})

test('webhooks about unknown payments are accepted and logged', async () => {
  await using fresh = await Stub.open('payment', paymentVariables(mocks.url))
  const body = {type: 'notification', event: 'payment.succeeded', object: {id: 'unknown-1'}}
  expect(await fresh.request('/api/v1/webhooks/yookassa', {body})).toMatchObject({json: {code: 0}})
  const message = 'YooKassa sent payment.succeeded for unknown-1, a payment that this stub did not create'
  expect(await fresh.stopAndReadLog()).toContainEqual(expect.objectContaining({level: 'warn', message}))
})

test('a webhook with the wrong media type is rejected', async () => {
  const headers = {'content-type': 'application/x-www-form-urlencoded'}
  expect(await payment.request('/api/v1/webhooks/yookassa', {body: 'a=b', headers})).toMatchObject({
    status: 415,
  })
})

test('a proof is accepted only for a bank transfer', async () => {
  const {json} = await init('yookassa')
  const body = {fileUrl: 'https://media.example.org/receipt.pdf'}
  const response = await payment.request(`/api/v1/payments/${json.id}/proof`, {token, body})
  expect(response).toMatchObject({
    status: 409,
    json: {detail: 'Only a bank transfer requires a proof, but the provider is yookassa.'},
  })
})

// The CloudPayments mock, with this test as the shop.
import {createHmac} from 'node:crypto'
import {afterAll, beforeAll, beforeEach, expect, test} from 'vitest'
import {CLOUDPAYMENTS, Mocks, WebhookReceiver, type ReceivedRequest} from '../helpers/mocks.js'

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
beforeEach(() => {
  shop.respond = () => undefined
})

const CARD = '01424242424230125AAAA'
const PURCHASE = {Amount: 10.5, Currency: 'RUB', Description: 'Каяк & весло', CardCryptogramPacket: CARD}

const charge = (more = {}) => mocks.cloudpayments('/payments/cards/charge', {...PURCHASE, ...more})
/** Waits for the notifications about an invoice. */
const notifications = (invoice: string, count: number) =>
  shop.waitForRequests('/webhooks/cloudpayments', count, `InvoiceId=${invoice}&`)
const kinds = (requests: ReceivedRequest[]) =>
  requests.map(({path}) => new URL(path, shop.url).searchParams.get('notification'))
const sign = (text: string) => createHmac('sha256', CLOUDPAYMENTS.apiSecret).update(text).digest('base64')
const fields = ({body}: ReceivedRequest) => Object.fromEntries(new URLSearchParams(body))

test('a charge is checked, completed, and reported to the shop', async () => {
  const {json} = await charge({InvoiceId: 'inv-1', AccountId: 'user-7', JsonData: {seats: 2}})
  expect(json).toMatchObject({
    Success: true,
    Message: null,
    Model: {
      Amount: 10.5,
      InvoiceId: 'inv-1',
      Status: 'Completed',
      StatusCode: 3,
      ReasonCode: 0,
      CardFirstSix: '424242',
      CardLastFour: '4242',
      CardType: 'Visa',
      CreatedDate: expect.stringMatching(/^\/Date\(\d+\)\/$/),
    },
  })
  const requests = await notifications('inv-1', 2)
  const [check, pay] = requests
  expect(kinds(requests)).toEqual(['check', 'pay'])
  expect(fields(check!)).toMatchObject({Amount: '10.50', Status: 'Completed', Description: 'Каяк & весло'})
  expect(fields(pay!)).toMatchObject({
    TransactionId: String(json.Model.TransactionId),
    AccountId: 'user-7',
    Data: '{"seats":2}',
    DateTime: expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/),
  })
})

test('notifications have signatures of the encoded and decoded body', async () => {
  await charge({InvoiceId: 'inv-signed'})
  const [{body, headers}] = (await notifications('inv-signed', 1)) as [ReceivedRequest]
  expect(headers['content-type']).toBe('application/x-www-form-urlencoded')
  expect(headers['content-hmac']).toBe(sign(body))
  const plain = [...new URLSearchParams(body)].map(([name, value]) => `${name}=${value}`).join('&')
  expect(headers['x-content-hmac']).toBe(sign(plain))
})

test.each([
  ['refuses it', 'inv-refused', {body: {code: 13}}],
  ['does not respond', 'inv-unasked', {status: 502}],
])('a payment is declined if the shop %s', async (_, InvoiceId, reply) => {
  shop.respond = ({path}) => (path.includes('check') ? reply : undefined)
  expect((await charge({InvoiceId})).json).toMatchObject({
    Success: false,
    Message: null,
    Model: {Status: 'Declined', StatusCode: 5, ReasonCode: 5204},
  })
  expect(kinds(await notifications(InvoiceId, 2))).toEqual(['check', 'fail'])
})

test('an authorized payment is either confirmed or cancelled', async () => {
  const auth = async () => {
    const {json} = await mocks.cloudpayments('/payments/cards/auth', PURCHASE)
    expect(json.Model).toMatchObject({Status: 'Authorized', StatusCode: 2, ConfirmDate: null})
    return json.Model.TransactionId as number
  }
  const status = async (TransactionId: number) =>
    (await mocks.cloudpayments('/payments/get', {TransactionId})).json.Model.Status
  const [one, other] = [await auth(), await auth()]
  const ok = {Success: true, Message: null}
  expect((await mocks.cloudpayments('/payments/confirm', {TransactionId: one, Amount: 10})).json).toEqual(ok)
  expect((await mocks.cloudpayments('/payments/void', {TransactionId: other})).json).toEqual(ok)
  expect([await status(one), await status(other)]).toEqual(['Completed', 'Cancelled'])
  expect((await mocks.cloudpayments('/payments/void', {TransactionId: one})).json).toMatchObject({
    Success: false,
  })
})

test('partial refunds cannot exceed the amount of the payment', async () => {
  const {json} = await charge()
  const refund = (Amount: number) =>
    mocks.cloudpayments('/payments/refund', {TransactionId: json.Model.TransactionId, Amount})
  expect((await refund(10)).json).toEqual({
    Success: true,
    Message: null,
    Model: {TransactionId: expect.any(Number)},
  })
  expect((await refund(1)).json).toMatchObject({Success: false, Message: expect.stringContaining('Amount')})
})

test('a payment can be found by its invoice id', async () => {
  await charge({InvoiceId: 'inv-find'})
  expect((await mocks.cloudpayments('/payments/find', {InvoiceId: 'inv-find'})).json).toMatchObject({
    Success: true,
    Model: {InvoiceId: 'inv-find', Status: 'Completed'},
  })
  expect((await mocks.cloudpayments('/payments/find', {InvoiceId: 'none'})).json).toEqual({
    Success: false,
    Message: 'Not found',
  })
})

test.each([
  ['an amount', {CardCryptogramPacket: CARD}, 'Amount is required'],
  ['a cryptogram', {Amount: 1}, 'CardCryptogramPacket is required'],
])('a charge without %s is rejected with a message', async (_, request, message) => {
  const {json} = await mocks.cloudpayments('/payments/cards/charge', request)
  expect(json).toEqual({Success: false, Message: message})
})

test('an order can be paid once at its link', async () => {
  const order = {
    Amount: 7,
    Description: 'Paddle',
    InvoiceId: 'inv-9',
    SuccessRedirectUrl: 'https://shop.example/плыву',
  }
  const {json} = await mocks.cloudpayments('/orders/create', order)
  const path = new URL(json.Model.Url as string).pathname
  expect((await mocks.submitForm(`${path}/decline`, {reason: 'ExpiredCard'})).headers.get('location')).toBe(
    path,
  )
  expect((await mocks.submitForm(`${path}/pay`)).headers.get('location')).toBe(
    encodeURI('https://shop.example/плыву'),
  )
  await mocks.submitForm(`${path}/pay`)
  const requests = await notifications('inv-9', 3)
  expect(kinds(requests)).toEqual(['fail', 'check', 'pay'])
  expect(fields(requests[0]!)).toMatchObject({
    Reason: 'ExpiredCard',
    ReasonCode: '5054',
    InvoiceId: 'inv-9',
  })
})

test('a request with a wrong API secret gets 401', async () => {
  const headers = {authorization: `Basic ${btoa('pk_test:guess')}`}
  const response = await mocks.request('/cloudpayments/test', {method: 'POST', headers})
  expect(response).toMatchObject({status: 401, text: ''})
})

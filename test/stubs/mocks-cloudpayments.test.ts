// CloudPayments of the mocks, before a shop that is this test.
import {createHmac} from 'node:crypto'
import {afterAll, beforeAll, beforeEach, expect, test} from 'vitest'
import {CLOUDPAYMENTS, Mocks, Shop, type Received} from '../helpers/mocks.js'

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
beforeEach(() => {
  shop.answer = () => undefined
})

const CARD = '01424242424230125AAAA'
const PURCHASE = {Amount: 10.5, Currency: 'RUB', Description: 'Каяк & весло', CardCryptogramPacket: CARD}

const charge = (more = {}) => mocks.cloudpayments('/payments/cards/charge', {...PURCHASE, ...more})
/** What the shop was asked and told of an invoice. */
const told = (invoice: string, count: number) =>
  shop.got('/webhooks/cloudpayments', count, `InvoiceId=${invoice}&`)
const kinds = (requests: Received[]) =>
  requests.map(({path}) => new URL(path, shop.url).searchParams.get('notification'))
const sign = (text: string) => createHmac('sha256', CLOUDPAYMENTS.apiSecret).update(text).digest('base64')
const fields = ({body}: Received) => Object.fromEntries(new URLSearchParams(body))

test('a charge is checked, made, and told', async () => {
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
  const requests = await told('inv-1', 2)
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

test('notifications are signed, encoded and not encoded', async () => {
  await charge({InvoiceId: 'inv-signed'})
  const [{body, headers}] = (await told('inv-signed', 1)) as [Received]
  expect(headers['content-type']).toBe('application/x-www-form-urlencoded')
  expect(headers['content-hmac']).toBe(sign(body))
  const plain = [...new URLSearchParams(body)].map(([name, value]) => `${name}=${value}`).join('&')
  expect(headers['x-content-hmac']).toBe(sign(plain))
})

test.each([
  ['refuses', 'inv-refused', {body: {code: 13}}],
  ['cannot be asked', 'inv-unasked', {status: 502}],
])('a shop that %s gets no payment', async (_, InvoiceId, reply) => {
  shop.answer = ({path}) => (path.includes('check') ? reply : undefined)
  expect((await charge({InvoiceId})).json).toMatchObject({
    Success: false,
    Message: null,
    Model: {Status: 'Declined', StatusCode: 5, ReasonCode: 5204},
  })
  expect(kinds(await told(InvoiceId, 2))).toEqual(['check', 'fail'])
})

test('money in two stages is confirmed or given back', async () => {
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

test('refunds come in parts, and never above the payment', async () => {
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

test('a payment is found by its invoice', async () => {
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
])('a charge without %s is refused', async (_, request, message) => {
  const {json} = await mocks.cloudpayments('/payments/cards/charge', request)
  expect(json).toEqual({Success: false, Message: message})
})

test('an order is paid at its link, once', async () => {
  const order = {
    Amount: 7,
    Description: 'Paddle',
    InvoiceId: 'inv-9',
    SuccessRedirectUrl: 'https://shop.example/плыву',
  }
  const {json} = await mocks.cloudpayments('/orders/create', order)
  const path = new URL(json.Model.Url as string).pathname
  expect((await mocks.press(`${path}/decline`, {reason: 'ExpiredCard'})).headers.get('location')).toBe(path)
  expect((await mocks.press(`${path}/pay`)).headers.get('location')).toBe(
    encodeURI('https://shop.example/плыву'),
  )
  await mocks.press(`${path}/pay`)
  const requests = await told('inv-9', 3)
  expect(kinds(requests)).toEqual(['fail', 'check', 'pay'])
  expect(fields(requests[0]!)).toMatchObject({
    Reason: 'ExpiredCard',
    ReasonCode: '5054',
    InvoiceId: 'inv-9',
  })
})

test('without the secret nothing is answered', async () => {
  const headers = {authorization: `Basic ${btoa('pk_test:guess')}`}
  const answer = await mocks.ask('/cloudpayments/test', {method: 'POST', headers})
  expect(answer).toMatchObject({status: 401, text: ''})
})

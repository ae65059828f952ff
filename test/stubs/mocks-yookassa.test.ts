// The YooKassa mock, with this test as the shop.
import {afterAll, beforeAll, beforeEach, expect, test} from 'vitest'
import {Mocks, WebhookReceiver} from '../helpers/mocks.js'

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

const ORDER = {
  amount: {value: '100.5', currency: 'RUB'},
  capture: true,
  description: 'Rafting',
  metadata: {booking: '7'},
  confirmation: {type: 'redirect', return_url: 'https://shop.example/thanks'},
}

async function newPayment(more = {}): Promise<string> {
  const {json} = await mocks.yookassa('POST', '/payments', {...ORDER, ...more})
  return json.id as string
}

const press = (id: string, action: string, fields = {}) =>
  mocks.submitForm(`/actions/payments/${id}/${action}`, fields)
const get = async (id: string) => (await mocks.yookassa('GET', `/payments/${id}`)).json

/** Waits for the notifications about a payment and its refunds. */
async function notifications(
  id: string,
  count = 1,
): Promise<{event: string; object: Record<string, unknown>}[]> {
  const received = await shop.waitForRequests('/webhooks/yookassa', count, id)
  return received.map(({body}) => JSON.parse(body))
}

test('a new payment is pending at a page of the mocks', async () => {
  const {status, json} = await mocks.yookassa('POST', '/payments', ORDER)
  expect({status, json}).toEqual({
    status: 200,
    json: {
      id: expect.stringMatching(/^[0-9a-f]{8}-000f-5000-8000-[0-9a-f]{12}$/),
      status: 'pending',
      paid: false,
      amount: {value: '100.50', currency: 'RUB'},
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      description: 'Rafting',
      metadata: {booking: '7'},
      recipient: {account_id: '100500', gateway_id: '100700'},
      confirmation: {
        type: 'redirect',
        return_url: 'https://shop.example/thanks',
        confirmation_url: `${mocks.url}/pay/${json.id}`,
      },
      refundable: false,
      test: true,
    },
  })
  expect(await get(json.id as string)).toEqual(json)
})

test('a reused key returns the same payment or an error', async () => {
  const {json} = await mocks.yookassa('POST', '/payments', ORDER, 'key-1')
  expect((await mocks.yookassa('POST', '/payments', ORDER, 'key-1')).json).toEqual(json)
  const other = {...ORDER, amount: {value: '5.00', currency: 'RUB'}}
  expect(await mocks.yookassa('POST', '/payments', other, 'key-1')).toMatchObject({
    status: 400,
    json: {
      type: 'error',
      code: 'invalid_request',
      description: 'Idempotence key duplicated',
      parameter: 'Idempotence-Key',
    },
  })
})

test('a paid payment succeeds and is reported to the shop', async () => {
  const id = await newPayment()
  await press(id, 'pay')
  const payment = await get(id)
  expect(payment).toMatchObject({
    status: 'succeeded',
    paid: true,
    refundable: true,
    payment_method: {type: 'bank_card'},
  })
  expect(payment).not.toHaveProperty('confirmation')
  expect(await notifications(id)).toEqual([
    {type: 'notification', event: 'payment.succeeded', object: payment},
  ])
})

test('a payment in two stages waits for its capture', async () => {
  const id = await newPayment({capture: false})
  await press(id, 'pay')
  expect(await get(id)).toMatchObject({status: 'waiting_for_capture', paid: true})
  const part = {amount: {value: '60.00', currency: 'RUB'}}
  expect((await mocks.yookassa('POST', `/payments/${id}/capture`, part)).json).toMatchObject({
    status: 'succeeded',
    amount: {value: '60.00'},
  })
  const events = (await notifications(id, 2)).map(({event}) => event)
  expect(events).toEqual(['payment.waiting_for_capture', 'payment.succeeded'])
})

test('a payment cancelled by the shop names the merchant', async () => {
  const id = await newPayment({capture: false})
  await press(id, 'pay')
  expect((await mocks.yookassa('POST', `/payments/${id}/cancel`, {})).json).toMatchObject({
    status: 'canceled',
    paid: false,
    cancellation_details: {party: 'merchant', reason: 'canceled_by_merchant'},
  })
  expect((await notifications(id, 2))[1]).toMatchObject({event: 'payment.canceled', object: {id}})
})

test('a declined payment states the reason of the decline', async () => {
  const id = await newPayment()
  await mocks.submitForm(`/pay/${id}/decline`, {reason: 'card_expired'})
  expect((await notifications(id))[0]).toMatchObject({
    event: 'payment.canceled',
    object: {id, cancellation_details: {party: 'payment_network', reason: 'card_expired'}},
  })
})

test('partial refunds cannot exceed the amount of the payment', async () => {
  const id = await newPayment()
  await press(id, 'pay')
  const refund = (value: string) =>
    mocks.yookassa('POST', '/refunds', {payment_id: id, amount: {value, currency: 'RUB'}})
  const {json} = await refund('100.00')
  expect(json).toMatchObject({
    payment_id: id,
    status: 'succeeded',
    amount: {value: '100.00', currency: 'RUB'},
  })
  expect((await mocks.yookassa('GET', `/refunds/${json.id}`)).json).toEqual(json)
  expect(await refund('1.00')).toMatchObject({status: 400, json: {parameter: 'amount.value'}})
  expect(await get(id)).toMatchObject({refunded_amount: {value: '100.00'}, refundable: true})
  expect((await notifications(id, 2))[1]).toEqual({
    type: 'notification',
    event: 'refund.succeeded',
    object: json,
  })
})

test('a notification is repeated until the shop responds with 200', async () => {
  const id = await newPayment()
  const sent = () => shop.received.filter(({body}) => body.includes(id))
  shop.respond = () => (sent().length < 2 ? {status: 201} : undefined)
  await press(id, 'pay')
  const [first, second] = await notifications(id, 2)
  expect(second).toEqual(first)
})

test.each([
  ['no amount', {...ORDER, amount: undefined}, 'amount'],
  ['a negative amount', {...ORDER, amount: {value: '-1.00', currency: 'RUB'}}, 'amount.value'],
  ['three decimals', {...ORDER, amount: {value: '1.001', currency: 'RUB'}}, 'amount.value'],
  ['no confirmation', {...ORDER, confirmation: undefined}, 'confirmation'],
  [
    'a script as return URL',
    {...ORDER, confirmation: {type: 'redirect', return_url: 'javascript:alert(1)'}},
    'confirmation.return_url',
  ],
])('a payment with %s is rejected with the parameter name', async (_, body, parameter) => {
  expect(await mocks.yookassa('POST', '/payments', body)).toMatchObject({
    status: 400,
    json: {type: 'error', id: expect.any(String), code: 'invalid_request', parameter},
  })
})

test('missing objects and impossible operations get an error', async () => {
  const id = await newPayment()
  expect(await mocks.yookassa('GET', '/payments/none')).toMatchObject({
    status: 404,
    json: {code: 'not_found'},
  })
  expect(await mocks.yookassa('POST', `/payments/${id}/capture`, {})).toMatchObject({
    status: 400,
    json: {code: 'invalid_request', description: expect.stringContaining('pending')},
  })
  expect(await mocks.yookassa('POST', '/payments', ORDER, '')).toMatchObject({
    status: 400,
    json: {description: 'Idempotence key is empty', parameter: 'Idempotence-Key'},
  })
})

test('a request with a wrong secret key is unauthorized', async () => {
  const headers = {authorization: `Basic ${btoa('100500:guess')}`}
  expect(await mocks.request('/v3/payments', {headers})).toMatchObject({
    status: 401,
    json: {
      code: 'invalid_credentials',
      description: expect.stringMatching(/^Error in shopId or secret key\./),
    },
  })
  expect(await mocks.request('/v3/payments')).toMatchObject({
    status: 401,
    json: {code: 'invalid_credentials'},
  })
})

// A payment from the client's request to the Telegram message: stubs and mocks, with a real PostgreSQL.
import {afterAll, beforeAll, expect, test, vi} from 'vitest'
import {startPostgres, type TestServer} from '../helpers/postgres.js'
import {databaseVariables, StubPlatform} from '../helpers/stub-platform.js'
import type {HttpResponse} from '../helpers/stubs.js'

const UNTIL = {timeout: 30_000, interval: 50}
const BOOKING = 'c1a7e0b4-3f52-4d8b-a6c9-5e4d3c2b1a01'
const AMOUNT = {value: '4500.00', currency: 'RUB'}
const PROOF = {fileUrl: 'https://media.example.org/receipt.pdf'}
const APPROVAL = {decision: 'APPROVED'}

let database: TestServer
let platform: StubPlatform
let token: string
beforeAll(async () => {
  database = await startPostgres()
  platform = await StubPlatform.open(databaseVariables(database))
  token = await platform.gateway.login()
  await untilListening()
})
afterAll(async () => {
  await platform[Symbol.asyncDispose]()
  await database[Symbol.asyncDispose]()
})

test('a payment through YooKassa results in one Telegram message', async () => {
  const payment = await start('yookassa')
  expect(payment).toMatchObject({status: 'PENDING', amount: AMOUNT, bookingId: BOOKING})
  expect(payment.confirmationUrl).toBe(`${platform.mocks.url}/pay/${payment.providerPaymentId}`)
  await pay(payment)
  await untilMessages(payment.id, 1)
})

test('a payment through CloudPayments results in one message too', async () => {
  const payment = await start('cloudpayments')
  await pay(payment)
  await untilMessages(payment.id, 1)
})

test.each(['yookassa', 'cloudpayments'])(
  'a repeated webhook of %s results in one message',
  async provider => {
    await platform.mocks.scriptFailure(provider, 'webhook', 'duplicate')
    const [twice, last] = [await start(provider), await start(provider)]
    await pay(twice)
    await pay(last)
    await untilMessages(last.id, 1)
    expect(await platform.countMessages(twice.id)).toBe(1)
  },
)

test('a webhook that YooKassa does not confirm has no effect', async () => {
  const payment = await start('yookassa')
  const notification = {type: 'notification', event: 'payment.succeeded'}
  const object = {id: payment.providerPaymentId, status: 'succeeded'}
  const forged = await platform.gateway.request('/api/v1/webhooks/yookassa', {
    body: {...notification, object},
  })
  expect(forged).toMatchObject({status: 200, json: {code: 0}})
  const real = await start('yookassa')
  await pay(real)
  await untilMessages(real.id, 1)
  expect(await platform.countMessages(payment.id)).toBe(0)
})

test('an approved bank transfer results in a message too', async () => {
  const {id} = await start('transfer')
  expect(await prove(id)).toMatchObject({status: 200, json: {status: 'IN_REVIEW', proof: PROOF}})
  expect(await approve(id)).toMatchObject({status: 200, json: {status: 'PAID', review: APPROVAL}})
  await untilMessages(id, 1)
  expect(await approve(id)).toMatchObject({status: 409})
})

test('a payment without a listener is reported once later', async () => {
  const [payment, transfer] = [await start('yookassa'), await start('transfer')]
  await platform.withoutNotification(async () => {
    const before = await acceptedWebhooks()
    await pay(payment)
    await expect.poll(acceptedWebhooks, UNTIL).toBe(before + 1)
    await prove(transfer.id)
    expect(await approve(transfer.id)).toMatchObject({status: 200, json: {status: 'PAID'}})
  })
  for (const {id} of [payment, transfer]) await untilMessages(id, 1)
  const last = await start('yookassa')
  await pay(last)
  await untilMessages(last.id, 1)
  for (const {id} of [payment, transfer]) expect(await platform.countMessages(id)).toBe(1)
})

test('payments fail without the database and succeed again afterwards', async () => {
  const {id} = await start('transfer')
  await prove(id)
  await database.stop('immediate')
  expect(await approve(id)).toMatchObject({
    status: 503,
    json: {detail: expect.stringMatching(/^The payment cannot be reported to the notification stub: ./)},
  })
  await database.start()
  await untilListening()
  expect(await approve(id)).toMatchObject({status: 200, json: {status: 'PAID'}})
  await untilMessages(id, 1)
})

test('a message that Telegram rejects affects no later message', async () => {
  await platform.mocks.scriptFailure('telegram', 'sendMessage', 'error')
  const [lost, next] = [await start('yookassa'), await start('yookassa')]
  await pay(lost)
  await untilNoFailures('sendMessage')
  await pay(next)
  await untilMessages(next.id, 1)
  expect(await platform.countMessages(lost.id)).toBe(0)
})

test('invalid notifications on the channel are ignored by the stub', async () => {
  await database.sql(`NOTIFY aquastream_stub_payment, 'nonsense'; NOTIFY aquastream_stub_payment, '[1]'`)
  const payment = await start('yookassa')
  await pay(payment)
  await untilMessages(payment.id, 1)
})

test('the stubs create no objects in the database', async () => {
  const objects =
    await database.sql(`SELECT c.oid::regclass FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
    WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'`)
  const schemas = await database.sql(`SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' ORDER BY 1`)
  expect([objects, schemas]).toEqual(['', 'information_schema\npublic'])
})

interface Payment {
  id: string
  providerPaymentId: string
  confirmationUrl: string
}

async function start(provider: string): Promise<Payment> {
  const body = {bookingId: BOOKING, amount: AMOUNT, provider, description: 'Кубок Волги'}
  const {status, json, text} = await platform.gateway.request('/api/v1/payments/init', {token, body})
  expect(status, text).toBe(201)
  return json as Payment
}

function prove(id: string): Promise<HttpResponse> {
  return platform.gateway.request(`/api/v1/payments/${id}/proof`, {token, body: PROOF})
}

/** Approves a proof as the organizer. */
function approve(id: string): Promise<HttpResponse> {
  return platform.gateway.request(`/api/v1/payments/${id}/review`, {method: 'PUT', token, body: APPROVAL})
}

/** Pays as the payer, on the page of the confirmation URL. */
async function pay({confirmationUrl}: Payment): Promise<void> {
  const {status, text} = await platform.mocks.submitForm(`${new URL(confirmationUrl).pathname}/pay`)
  expect(status, text).toBe(303)
}

/** Waits until the scripted failures of an operation have occurred. */
async function untilNoFailures(operation: string): Promise<void> {
  const scripted = async () => JSON.stringify((await platform.mocks.request('/__mocks/failures')).json)
  await expect.poll(scripted, UNTIL).not.toContain(operation)
}

async function untilMessages(paymentId: string, count: number): Promise<void> {
  await expect.poll(() => platform.countMessages(paymentId), UNTIL).toBe(count)
}

async function acceptedWebhooks(): Promise<number> {
  const {text} = await platform.mocks.request('/')
  return text.split('data-state="accepted"').length - 1
}

async function untilListening(): Promise<void> {
  const listening = `SELECT count(*) FROM pg_stat_activity WHERE application_name = 'aquastream_stub_payment'`
  await vi.waitFor(async () => expect(await database.sql(listening)).toBe('1'), UNTIL)
}

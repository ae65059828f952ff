// A payment from the client's request to the Telegram message: stubs, mocks and a real PostgreSQL between them.
import {afterAll, beforeAll, expect, test, vi} from 'vitest'
import {startPostgres, type TestServer} from '../helpers/postgres.js'
import {databaseVariables, StubPlatform} from '../helpers/stub-platform.js'
import type {Answer} from '../helpers/stubs.js'

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

test('a payment at YooKassa ends in one Telegram message', async () => {
  const payment = await start('yookassa')
  expect(payment).toMatchObject({status: 'PENDING', amount: AMOUNT, bookingId: BOOKING})
  expect(payment.confirmationUrl).toBe(`${platform.mocks.url}/pay/${payment.providerPaymentId}`)
  await pay(payment)
  await untilMessages(payment.id, 1)
})

test('a payment at CloudPayments ends in one message too', async () => {
  const payment = await start('cloudpayments')
  await pay(payment)
  await untilMessages(payment.id, 1)
})

test.each(['yookassa', 'cloudpayments'])(
  'a webhook of %s that comes twice brings one message',
  async provider => {
    await platform.mocks.script(provider, 'webhook', 'duplicate')
    const [twice, last] = [await start(provider), await start(provider)]
    await pay(twice)
    await pay(last)
    await untilMessages(last.id, 1)
    expect(await platform.messagesAbout(twice.id)).toBe(1)
  },
)

test('a webhook that YooKassa does not confirm is not believed', async () => {
  const payment = await start('yookassa')
  const report = {type: 'notification', event: 'payment.succeeded'}
  const object = {id: payment.providerPaymentId, status: 'succeeded'}
  const forged = await platform.gateway.ask('/api/v1/webhooks/yookassa', {body: {...report, object}})
  expect(forged).toMatchObject({status: 200, json: {code: 0}})
  const real = await start('yookassa')
  await pay(real)
  await untilMessages(real.id, 1)
  expect(await platform.messagesAbout(payment.id)).toBe(0)
})

test('an approved bank transfer brings a message as well', async () => {
  const {id} = await start('transfer')
  expect(await prove(id)).toMatchObject({status: 200, json: {status: 'IN_REVIEW', proof: PROOF}})
  expect(await approve(id)).toMatchObject({status: 200, json: {status: 'PAID', review: APPROVAL}})
  await untilMessages(id, 1)
  expect(await approve(id)).toMatchObject({status: 409})
})

test('what is paid while nobody listens is told afterwards, once', async () => {
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
  for (const {id} of [payment, transfer]) expect(await platform.messagesAbout(id)).toBe(1)
})

test('without the database nothing is paid, with it again all', async () => {
  const {id} = await start('transfer')
  await prove(id)
  await database.stop('immediate')
  expect(await approve(id)).toMatchObject({
    status: 503,
    json: {detail: expect.stringMatching(/^Nobody can be told of the payment: ./)},
  })
  await database.start()
  await untilListening()
  expect(await approve(id)).toMatchObject({status: 200, json: {status: 'PAID'}})
  await untilMessages(id, 1)
})

test('a message that Telegram refuses breaks nothing', async () => {
  await platform.mocks.script('telegram', 'sendMessage', 'error')
  const [lost, next] = [await start('yookassa'), await start('yookassa')]
  await pay(lost)
  await untilNothingFails('sendMessage')
  await pay(next)
  await untilMessages(next.id, 1)
  expect(await platform.messagesAbout(lost.id)).toBe(0)
})

test('nobody else can write nonsense that stops it', async () => {
  await database.sql(`NOTIFY aquastream_stub_payment, 'nonsense'; NOTIFY aquastream_stub_payment, '[1]'`)
  const payment = await start('yookassa')
  await pay(payment)
  await untilMessages(payment.id, 1)
})

test('the stubs have created nothing in the database', async () => {
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
  const {status, json, text} = await platform.gateway.ask('/api/v1/payments/init', {token, body})
  expect(status, text).toBe(201)
  return json as Payment
}

function prove(id: string): Promise<Answer> {
  return platform.gateway.ask(`/api/v1/payments/${id}/proof`, {token, body: PROOF})
}

/** As the organizer. */
function approve(id: string): Promise<Answer> {
  return platform.gateway.ask(`/api/v1/payments/${id}/review`, {method: 'PUT', token, body: APPROVAL})
}

/** As the payer, on the page that the confirmation URL leads to. */
async function pay({confirmationUrl}: Payment): Promise<void> {
  const {status, text} = await platform.mocks.press(`${new URL(confirmationUrl).pathname}/pay`)
  expect(status, text).toBe(303)
}

/** Until what was scripted has happened. */
async function untilNothingFails(word: string): Promise<void> {
  const scripted = async () => JSON.stringify((await platform.mocks.ask('/__mocks/failures')).json)
  await expect.poll(scripted, UNTIL).not.toContain(word)
}

async function untilMessages(paymentId: string, count: number): Promise<void> {
  await expect.poll(() => platform.messagesAbout(paymentId), UNTIL).toBe(count)
}

async function acceptedWebhooks(): Promise<number> {
  const {text} = await platform.mocks.ask('/')
  return text.split('data-state="accepted"').length - 1
}

async function untilListening(): Promise<void> {
  const listening = `SELECT count(*) FROM pg_stat_activity WHERE application_name = 'aquastream_stub_payment'`
  await vi.waitFor(async () => expect(await database.sql(listening)).toBe('1'), UNTIL)
}

// The mocks' page in a real browser, before the built mocks and a shop that receives webhooks.
import {afterAll, beforeAll, expect, test} from 'vitest'
import {TestBrowser} from '../helpers/browser.js'
import {Mocks, Shop} from '../helpers/mocks.js'

let browser: TestBrowser
let shop: Shop
let mocks: Mocks
beforeAll(async () => {
  shop = await Shop.open()
  mocks = await Mocks.open(`${shop.url}/webhooks`)
  browser = await TestBrowser.open()
})
afterAll(async () => {
  await browser[Symbol.asyncDispose]()
  await mocks[Symbol.asyncDispose]()
  await shop[Symbol.asyncDispose]()
})

async function newPayment(description: string, more = {}): Promise<{id: string; link: string}> {
  const {json} = await mocks.yookassa('POST', '/payments', {
    amount: {value: '1500.00', currency: 'RUB'},
    capture: true,
    description,
    confirmation: {type: 'redirect', return_url: `${shop.url}/thanks`},
    ...more,
  })
  return {id: json.id, link: json.confirmation.confirmation_url}
}

test('Pay on the page makes the payment succeed', async () => {
  const {id} = await newPayment('Rafting on the Katun')
  const page = await browser.visit(mocks.url)
  await page.locator(`#payment-${id}`).getByRole('button', {name: 'Pay'}).click()
  await page.locator(`#payment-${id}[data-status=succeeded]`).waitFor()
  const [webhook] = await shop.got('/webhooks/yookassa')
  expect(JSON.parse(webhook!.body)).toMatchObject({event: 'payment.succeeded', object: {id}})
})

test('a message of the bot appears without a reload', async () => {
  const page = await browser.visit(mocks.url)
  await mocks.bot('sendMessage', {chat_id: 7001, text: 'Your trip is paid'})
  await page.getByText('Your trip is paid').waitFor()
  expect(await page.getByRole('status').textContent()).toBe('The bot wrote to user 7001.')
})

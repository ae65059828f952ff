// The page of the mocks in a real browser, with this test as the shop that receives the webhooks.
import type {Page} from 'playwright-core'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {TestBrowser} from '../helpers/browser.js'
import {Mocks, WebhookReceiver} from '../helpers/mocks.js'

let browser: TestBrowser
let shop: WebhookReceiver
let mocks: Mocks
beforeAll(async () => {
  shop = await WebhookReceiver.open()
  mocks = await Mocks.open(`${shop.url}/webhooks`)
  browser = await TestBrowser.open()
})
afterAll(async () => {
  await browser[Symbol.asyncDispose]()
  await mocks[Symbol.asyncDispose]()
  await shop[Symbol.asyncDispose]()
})

async function newPayment(description: string): Promise<{id: string; link: string}> {
  const {json} = await mocks.yookassa('POST', '/payments', {
    amount: {value: '1500.00', currency: 'RUB'},
    capture: true,
    description,
    confirmation: {type: 'redirect', return_url: `${shop.url}/thanks`},
  })
  return {id: json.id, link: json.confirmation.confirmation_url}
}

/** Presses a button of a payment and waits for the new status. */
async function press(page: Page, id: string, name: string, status: string): Promise<void> {
  await page.locator(`#payment-${id}`).getByRole('button', {name}).click()
  await page.locator(`#payment-${id}[data-status=${status}]`).waitFor()
}

test('Pay and Refund change a payment and notify the shop', async () => {
  const {id} = await newPayment('Rafting on the Katun')
  const page = await browser.visit(mocks.url)
  await press(page, id, 'Pay', 'succeeded')
  await press(page, id, 'Refund', 'succeeded')
  await page.getByText('1500.00 RUB refunded').first().waitFor()
  const webhooks = await shop.waitForRequests('/webhooks/yookassa', 2, id)
  expect(webhooks.map(({body}) => JSON.parse(body).event)).toEqual(['payment.succeeded', 'refund.succeeded'])
  await page.locator('#webhook-list').getByText('refund.succeeded').first().waitFor()
})

test('Decline on the page cancels the payment', async () => {
  const {id} = await newPayment('Kayak for a day')
  const page = await browser.visit(mocks.url)
  await press(page, id, 'Decline', 'canceled')
  await page.getByText('insufficient_funds (payment_network)').waitFor()
})

test('the payer pays at the link and returns to the shop', async () => {
  const {id, link} = await newPayment('Paddle course')
  const page = await browser.visit(link, {width: 400, height: 800})
  await page.getByRole('heading', {name: '1500.00 RUB'}).waitFor()
  await page.getByRole('button', {name: 'Pay'}).click()
  await page.waitForURL(`${shop.url}/thanks`)
  await shop.waitForRequests('/webhooks/yookassa', 1, id)
  await page.goto(link)
  await page.getByText('The status of this payment is succeeded.').waitFor()
})

test('a message of the bot appears without a reload', async () => {
  const page = await browser.visit(mocks.url)
  const text = page.getByLabel('Text')
  await text.fill('half a thou')
  await mocks.telegram('sendMessage', {chat_id: 7001, text: 'Your trip is paid'})
  await page.getByText('Your trip is paid').waitFor()
  expect(await page.getByRole('status').textContent()).toBe('The bot wrote to user 7001.')
  expect(await text.inputValue()).toBe('half a thou')
})

test('an update of the page keeps the keyboard focus', async () => {
  const {id} = await newPayment('Focused payment')
  const page = await browser.visit(mocks.url)
  await page.locator(`#pay-${id}`).focus()
  await newPayment('Newer one')
  await page.getByText('Newer one').waitFor()
  expect(await page.evaluate('document.activeElement.id')).toBe(`pay-${id}`)
})

test('a message sent on the page reaches the bot', async () => {
  const page = await browser.visit(mocks.url)
  await page.getByRole('textbox', {name: 'User'}).fill('7002')
  await page.getByLabel('Text').fill('/start link-42')
  await page.getByRole('button', {name: 'Send to the bot'}).click()
  await page.getByRole('article', {name: 'Chat with User 7002'}).getByText('/start link-42').waitFor()
  const {json} = await mocks.telegram('getUpdates')
  expect(json.result).toMatchObject([{message: {from: {id: 7002}, text: '/start link-42'}}])
})

test('a failure can be scripted and removed on the page', async () => {
  const page = await browser.visit(mocks.url)
  await page.getByLabel('Operation and failure').selectOption('yookassa/capture/timeout')
  await page.getByLabel('Times').fill('2')
  await page.getByRole('button', {name: 'Script failure'}).click()
  await page.getByText('YooKassa capture: performs the operation and never responds, 2 times').waitFor()
  await page.getByRole('button', {name: 'Remove all'}).click()
  await page.getByText('No failures are scripted.').waitFor()
})

test('HTML in messages and payments is shown as text', async () => {
  const evil = '<img src=x onerror="document.title=\'broken\'"><script>document.title="broken"</script>'
  await mocks.telegram('sendMessage', {chat_id: 7003, text: evil})
  const {id} = await newPayment(evil)
  const page = await browser.visit(mocks.url)
  await page.getByRole('article', {name: 'Chat with User 7003'}).getByText(evil).waitFor()
  await page.locator(`#payment-${id}`).getByText(evil).waitFor()
  expect(await page.title()).toBe('Mocks of third parties')
})

test.each([1280, 400])('at %i pixels the page fits and loads locally', async width => {
  const origins: string[] = []
  const problems: string[] = []
  const page = await browser.visit('about:blank', {width, height: 800})
  page.on('request', request => origins.push(new URL(request.url()).origin))
  page.on('console', message => problems.push(message.text()))
  page.on('pageerror', error => problems.push(error.message))
  const long = String(width).repeat(80)
  await mocks.telegram('sendMessage', {chat_id: 7004, text: long})
  await page.goto(mocks.url)
  await page.getByText(long).waitFor()
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width)
  expect(new Set(origins.filter(origin => origin !== 'null'))).toEqual(new Set([mocks.url]))
  expect(problems).toEqual([])
})

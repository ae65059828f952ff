// The documentation page in a real browser: it loads from the gateway only, and "Execute" works.
import {expect, test} from 'vitest'
import {TestBrowser} from '../helpers/browser.js'
import {Stub} from '../helpers/stubs.js'

test('an API can be selected and called on the page', async () => {
  await using user = await Stub.open('user')
  await using event = await Stub.open('event')
  const services = {USER_SERVICE_URL: user.url, EVENT_SERVICE_URL: event.url}
  await using gateway = await Stub.open('gateway', services)
  await using browser = await TestBrowser.open()

  const page = await browser.visit('about:blank')
  const [origins, errors] = [new Set<string>(), [] as string[]]
  page.on('request', request => origins.add(new URL(request.url()).origin))
  page.on('console', message => (message.type() === 'error' ? errors.push(message.text()) : undefined))
  await page.goto(`${gateway.url}/docs`)
  await page.getByRole('main').getByText('Aquastream event').waitFor()
  await page.getByLabel('Select an API').selectOption('user')
  await page.getByRole('main').getByText('Aquastream user').waitFor()

  await page.getByRole('link', {name: 'Log in with username and password'}).click()
  await page.getByRole('button', {name: 'Execute'}).click()
  await page.locator('api-request').getByText('"accessToken"').waitFor()
  expect([...origins].filter(origin => origin !== 'null')).toEqual([gateway.url])
  expect(errors).toEqual([])
})

test('a linked operation accepts a token on a phone', async () => {
  await using user = await Stub.open('user')
  await using event = await Stub.open('event')
  const services = {USER_SERVICE_URL: user.url, EVENT_SERVICE_URL: event.url}
  await using gateway = await Stub.open('gateway', services)
  await using browser = await TestBrowser.open()

  const link = `${gateway.url}/docs/?urls.primaryName=event#?route=put-/api/v1/bookings/-id-/confirm`
  const page = await browser.visit(link, {width: 360, height: 640})
  const operation = page.locator('api-request')
  const execute = operation.getByRole('button', {name: 'Execute'})
  await execute.click()
  await operation.getByText('Response Status: Unauthorized (401)').waitFor()

  await page.getByPlaceholder('JWT').fill(await gateway.login())
  await page.getByRole('button', {name: 'Set'}).click()
  // The path has the id of the example.
  await execute.click()
  await operation.getByText('"CONFIRMED"').waitFor()
})

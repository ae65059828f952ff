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
  await page.getByRole('heading', {name: 'Aquastream event'}).waitFor()
  await page.getByLabel('Select an API').selectOption('user')
  await page.getByRole('heading', {name: 'Aquastream user'}).waitFor()

  const login = page.locator('#operations-auth-login')
  await login.click()
  await login.getByRole('button', {name: 'Execute'}).click()
  await login.locator('.live-responses-table').getByText('"accessToken"').first().waitFor()
  expect([...origins].filter(origin => origin !== 'null')).toEqual([gateway.url])
  expect(errors).toEqual([])
})

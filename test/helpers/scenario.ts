// What a visitor of the platform does in dev, from the login to the message in Telegram.
import {expect} from 'vitest'
import {TestBrowser} from './browser.js'

/** Origins on this machine. */
export interface Doors {
  gateway: string
  mocks: string
}

/** Not the usual one, so that a link that does not follow BIND leads nowhere; only Linux has another. */
export const BIND = process.platform === 'linux' ? '127.0.0.2' : '127.0.0.1'

interface Event {
  id: string
  title: string
}

/**
 * Logs in, looks for an event, books and starts its payment, pays in a browser, and sees what came of it there: the
 * webhook that the platform took, and the message that it sent. Everything goes through the gateway.
 */
export async function bookAndPay({gateway, mocks}: Doors): Promise<void> {
  const {accessToken} = await call<{accessToken: string}>(`${gateway}/api/v1/auth/login`, {
    body: {username: 'test', password: 'test'},
  })
  const {items: organizers} = await call<{items: {slug: string}[]}>(`${gateway}/api/v1/organizers`)
  const {events} = await call<{events: Event[]}>(`${gateway}/api/v1/organizers/${organizers[0]!.slug}`)
  const {id: eventId} = await call<Event>(`${gateway}/api/v1/events/${events[0]!.id}`)
  const booking = await call<{id: string}>(`${gateway}/api/v1/bookings`, {
    token: accessToken,
    body: {eventId, participants: [{name: 'Анна Петрова', birthYear: 1992, experience: 'BEGINNER'}]},
  })
  const start = async (more: object): Promise<string> => {
    const amount = {value: '4321.00', currency: 'RUB'}
    const body = {bookingId: booking.id, amount, provider: 'yookassa', description: 'Кубок Волги', ...more}
    const url = `${gateway}/api/v1/payments/init`
    return (await call<{confirmationUrl: string}>(url, {token: accessToken, body})).confirmationUrl
  }
  const confirmationUrl = await start({returnUrl: `${mocks}/?paid`})
  expect(new URL(confirmationUrl).origin).toBe(mocks)
  await using browser = await TestBrowser.open()
  const payer = await browser.visit(confirmationUrl)
  await payer.getByRole('button', {name: 'Pay'}).click()
  // Back where the shop wanted: here the page of the mocks, which follows what happens without a reload.
  await payer.waitForURL(`${mocks}/?paid`)
  await payer.getByText('payment.succeeded').first().waitFor()
  await payer.locator('.chat .bot', {hasText: /4[\s\u00a0]?321/}).waitFor()
  // Whose client names no page comes back to one that is there.
  const another = await browser.visit(await start({}))
  await another.getByRole('button', {name: 'Pay'}).click()
  await another.waitForURL(`${gateway}/docs/`)
}

/** Asks for JSON; the answer has to be a good one. */
async function call<T>(url: string, {token, body}: {token?: string; body?: unknown} = {}): Promise<T> {
  const response = await fetch(url, {
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      ...(body === undefined ? {} : {'content-type': 'application/json'}),
      ...(token === undefined ? {} : {authorization: `Bearer ${token}`}),
    },
    ...(body === undefined ? {} : {body: JSON.stringify(body)}),
  })
  const text = await response.text()
  expect(response.ok, `${url} answers ${response.status}: ${text}`).toBe(true)
  return JSON.parse(text) as T
}

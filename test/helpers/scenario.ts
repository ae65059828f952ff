// The steps of a visitor in dev, from the login to the Telegram message.
import {expect} from 'vitest'
import {TestBrowser} from './browser.js'

/** The origins of a running stack. */
export interface Endpoints {
  gateway: string
  mocks: string
}

/**
 * A loopback address other than the default, so that a link that ignores BIND fails. Only Linux has more than one.
 */
export const BIND = process.platform === 'linux' ? '127.0.0.2' : '127.0.0.1'

interface Event {
  id: string
  title: string
}

/**
 * Logs in, books an event and pays for it in a browser. Then the page of the mocks must show the accepted webhook and the
 * Telegram message. All API requests go through the gateway.
 */
export async function bookAndPay({gateway, mocks}: Endpoints): Promise<void> {
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
  const startPayment = async (more: object): Promise<string> => {
    const amount = {value: '4321.00', currency: 'RUB'}
    const body = {bookingId: booking.id, amount, provider: 'yookassa', description: 'Кубок Волги', ...more}
    const url = `${gateway}/api/v1/payments/init`
    return (await call<{confirmationUrl: string}>(url, {token: accessToken, body})).confirmationUrl
  }
  const confirmationUrl = await startPayment({returnUrl: `${mocks}/?paid`})
  expect(new URL(confirmationUrl).origin).toBe(mocks)
  await using browser = await TestBrowser.open()
  const payer = await browser.visit(confirmationUrl)
  await payer.getByRole('button', {name: 'Pay'}).click()
  // The returnUrl of the shop is the page of the mocks, which updates without a reload
  await payer.waitForURL(`${mocks}/?paid`)
  await payer.getByText('payment.succeeded').first().waitFor()
  await payer.locator('.chat .bot', {hasText: /4[\s\u00a0]?321/}).waitFor()
  // Without a returnUrl, the payer returns to the documentation page
  const another = await browser.visit(await startPayment({}))
  await another.getByRole('button', {name: 'Pay'}).click()
  await another.waitForURL(`${gateway}/docs/`)
}

/** Sends a request that must succeed, and returns its JSON response. */
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
  expect(response.ok, `${url} responded with HTTP ${response.status}: ${text}`).toBe(true)
  return JSON.parse(text) as T
}

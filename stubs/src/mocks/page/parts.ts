import {html} from 'ghtml'

/** Returns a section with a heading. The body is HTML. */
export function section(id: string, heading: string, body: string): string {
  return html`<section id="${id}" aria-labelledby="${id}-heading">
    <h2 id="${id}-heading">${heading}</h2>
    !${body}
  </section>`
}

/** Returns a region that live.js replaces after each change. The body is HTML and must not contain input fields. */
export function liveRegion(id: string, body: string): string {
  return html`<div id="${id}" data-live>!${body}</div>`
}

/** Returns the time of day in UTC. */
export function timeOfDay(date: Date): string {
  const iso = date.toISOString()
  return html`<time datetime="${iso}">${iso.slice(11, 19)}</time>`
}

const NAMES: Record<string, string> = {
  telegram: 'Telegram',
  yookassa: 'YooKassa',
  cloudpayments: 'CloudPayments',
}

/** Returns the name of a provider in its usual spelling. */
export function providerName(provider: string): string {
  return NAMES[provider] ?? provider
}

import {html} from 'ghtml'

/** A part of the page under a heading; the body is HTML. */
export function section(id: string, heading: string, body: string): string {
  return html`<section id="${id}" aria-labelledby="${id}-heading">
    <h2 id="${id}-heading">${heading}</h2>
    !${body}
  </section>`
}

/** A part that live.js replaces when something changes; the body is HTML. Nobody types in there. */
export function live(id: string, body: string): string {
  return html`<div id="${id}" data-live>!${body}</div>`
}

/** The time of day, UTC. */
export function time(date: Date): string {
  const iso = date.toISOString()
  return html`<time datetime="${iso}">${iso.slice(11, 19)}</time>`
}

const NAMES: Record<string, string> = {
  telegram: 'Telegram',
  yookassa: 'YooKassa',
  cloudpayments: 'CloudPayments',
}

/** The name of a provider as people write it. */
export function nameOf(provider: string): string {
  return NAMES[provider] ?? provider
}

import {html} from 'ghtml'
import type {Delivery} from '../webhooks/webhooks.js'
import {formatTimes} from '../format-times.js'
import {liveRegion, providerName, section, timeOfDay} from './parts.js'

const LIMIT = 50
const RESPONSE_LIMIT = 200

/** The CSS classes of states. */
const BADGE_CLASSES: Record<Delivery['state'], string> = {
  sending: '',
  accepted: 'good',
  rejected: 'bad',
  retrying: 'bad',
  abandoned: 'bad',
}

/** Returns the section that shows the webhooks and the responses to them. */
export function webhooksView(deliveries: Delivery[]): string {
  const list = deliveries.length
    ? html`<ul class="cards" tabindex="0" aria-label="Webhooks, newest first">
        !${deliveries.slice(0, LIMIT).map(deliveryView)}
      </ul>`
    : '<p class="empty">No webhooks sent yet.</p>'
  return section('webhooks', 'Webhooks', liveRegion('webhook-list', list))
}

function deliveryView({provider, event, url, state, attempts}: Delivery): string {
  const last = attempts.at(-1)
  const times = attempts.length > 1 ? `, sent ${formatTimes(attempts.length)}` : ''
  return html`<li data-state="${state}">
    <p class="head">
      <b>${event}</b> <span class="badge ${BADGE_CLASSES[state]}">${state}</span>
      <span class="note">${providerName(provider)}${times} !${last ? timeOfDay(last.at) : ''}</span>
    </p>
    <p class="note"><code>${url}</code></p>
    <p>!${last ? responseView(last.response) : 'no response yet'}</p>
  </li>`
}

function responseView({status, text}: {status: number; text: string}): string {
  const short = text.length > RESPONSE_LIMIT ? `${text.slice(0, RESPONSE_LIMIT)}…` : text
  return html`${status > 0 ? status : 'no response:'} <code>${short}</code>`
}

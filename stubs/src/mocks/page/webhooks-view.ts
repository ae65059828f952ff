import {html} from 'ghtml'
import type {Delivery} from '../webhooks/webhooks.js'
import {timesWord} from '../times.js'
import {live, nameOf, section, time} from './parts.js'

const SHOWN = 50
const ANSWER_LIMIT = 200
const TONES: Record<Delivery['state'], string> = {
  sending: '',
  accepted: 'good',
  refused: 'bad',
  repeating: 'bad',
  'given up': 'bad',
}

export function webhooksView(deliveries: Delivery[]): string {
  const list = deliveries.length
    ? html`<ul class="cards" tabindex="0" aria-label="Webhooks, the newest first">
        !${deliveries.slice(0, SHOWN).map(deliveryView)}
      </ul>`
    : '<p class="empty">No webhooks sent yet.</p>'
  return section('webhooks', 'Webhooks', live('webhook-list', list))
}

function deliveryView({provider, event, url, state, attempts}: Delivery): string {
  const last = attempts.at(-1)
  const times = attempts.length > 1 ? `, sent ${timesWord(attempts.length)}` : ''
  return html`<li data-state="${state}">
    <p class="head">
      <b>${event}</b> <span class="badge ${TONES[state]}">${state}</span>
      <span class="note">${nameOf(provider)}${times} !${last ? time(last.at) : ''}</span>
    </p>
    <p class="note"><code>${url}</code></p>
    <p class="answer">!${last ? answerView(last.answer) : 'no answer yet'}</p>
  </li>`
}

function answerView({status, text}: {status: number; text: string}): string {
  const short = text.length > ANSWER_LIMIT ? `${text.slice(0, ANSWER_LIMIT)}…` : text
  return html`${status > 0 ? status : 'no answer:'} <code>${short}</code>`
}

import {html} from 'ghtml'
import type {Action, PaymentView} from '../checkout.js'
import {live, nameOf, section, time} from './parts.js'

const SHOWN = 50
const WORDS: Record<Action, string> = {pay: 'Pay', decline: 'Decline', refund: 'Refund'}

/** The good, the bad and the rest, as colours; the word is beside it. */
const TONES: Record<string, string> = {
  succeeded: 'good',
  Completed: 'good',
  Paid: 'good',
  Authorized: 'good',
  waiting_for_capture: 'good',
  canceled: 'bad',
  Declined: 'bad',
  Cancelled: 'bad',
}

export function paymentsView(payments: PaymentView[]): string {
  const list = payments.length
    ? html`<ul class="cards" tabindex="0" aria-label="Payments, the newest first">
        !${payments.slice(0, SHOWN).map(paymentView)}
      </ul>`
    : '<p class="empty">No payments yet.</p>'
  return section('payments', 'Payments', live('payment-list', list))
}

function paymentView({provider, id, description, amount, status, detail, at, actions}: PaymentView): string {
  return html`<li id="payment-${id}" data-status="${status}">
    <p class="head">
      <b id="amount-${id}">${amount}</b> <span class="badge ${TONES[status] ?? ''}">${status}</span>
      <span class="note">${nameOf(provider)} !${time(at)}</span>
    </p>
    <p id="description-${id}">${description}</p>
    <p class="note"><code>${id}</code> ${detail}</p>
    <div class="buttons">!${actions.map(action => button(id, action))}</div>
  </li>`
}

function button(id: string, action: Action): string {
  return html`<form method="post" action="/actions/payments/${id}/${action}">
    <button id="${action}-${id}" class="${action}" aria-describedby="amount-${id} description-${id}">
      ${WORDS[action]}
    </button>
  </form>`
}

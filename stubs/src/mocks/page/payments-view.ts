import {html} from 'ghtml'
import type {Action, PaymentView} from '../checkout.js'
import {liveRegion, providerName, section, timeOfDay} from './parts.js'

const LIMIT = 50
const LABELS: Record<Action, string> = {pay: 'Pay', decline: 'Decline', refund: 'Refund'}

/** The CSS classes of statuses. Other statuses have none. */
const BADGE_CLASSES: Record<string, string> = {
  succeeded: 'good',
  Completed: 'good',
  Paid: 'good',
  Authorized: 'good',
  waiting_for_capture: 'good',
  canceled: 'bad',
  Declined: 'bad',
  Cancelled: 'bad',
}

/** Returns the section that shows the payments of all providers. */
export function paymentsView(payments: PaymentView[]): string {
  const list = payments.length
    ? html`<ul class="cards" tabindex="0" aria-label="Payments, newest first">
        !${payments.slice(0, LIMIT).map(paymentView)}
      </ul>`
    : '<p class="empty">No payments yet.</p>'
  return section('payments', 'Payments', liveRegion('payment-list', list))
}

function paymentView({
  provider,
  id,
  description,
  amount,
  status,
  detail,
  createdAt,
  actions,
}: PaymentView): string {
  return html`<li id="payment-${id}" data-status="${status}">
    <p class="head">
      <b id="amount-${id}">${amount}</b> <span class="badge ${BADGE_CLASSES[status] ?? ''}">${status}</span>
      <span class="note">${providerName(provider)} !${timeOfDay(createdAt)}</span>
    </p>
    <p id="description-${id}">${description}</p>
    <p class="note"><code>${id}</code> ${detail}</p>
    <div class="buttons">!${actions.map(action => actionForm(id, action))}</div>
  </li>`
}

function actionForm(id: string, action: Action): string {
  return html`<form method="post" action="/actions/payments/${id}/${action}">
    <button id="${action}-${id}" class="${action}" aria-describedby="amount-${id} description-${id}">
      ${LABELS[action]}
    </button>
  </form>`
}

import {html} from 'ghtml'
import type {Checkout, PaymentView} from '../checkout.js'
import {document} from './document.js'
import {live, nameOf} from './parts.js'

/** What the payer sees behind the link of a payment. */
export function payerPage(payment: PaymentView, {reasons}: Checkout): string {
  const {provider, id, description, amount, status, detail, actions, returnUrl} = payment
  const open = actions.includes('pay')
  const body = html`<main class="payer">
    <p class="note">${nameOf(provider)}, a mock: no money moves</p>
    <h1>${amount}</h1>
    <p>${description}</p>
    !${live('payer', open ? payForms(id, detail, reasons) : html`<p>This payment is <b>${status}</b>. !${back(returnUrl)}</p>`)}
    <p class="note"><a href="/">All mocks</a></p>
  </main>`
  return document(`Pay ${amount}`, body)
}

/** Behind a link that leads to no payment. */
export function noPayerPage(): string {
  return document(
    'No such payment',
    html`<main class="payer">
      <h1>No such payment</h1>
      <p>The mocks forget all payments when they are started again. <a href="/">All mocks</a></p>
    </main>`,
  )
}

function payForms(id: string, detail: string, reasons: readonly string[]): string {
  return html`<p role="status">${detail}</p>
    <form method="post" action="/pay/${id}/pay"><button class="pay">Pay</button></form>
    <form method="post" action="/pay/${id}/decline" class="row">
      <label class="wide">
        Reason
        <select name="reason">
          !${reasons.map(reason => html`<option>${reason}</option>`)}
        </select>
      </label>
      <button class="decline">Decline</button>
    </form>`
}

function back(returnUrl: string | null): string {
  return returnUrl ? html`<a href="${returnUrl}">Back to the shop</a>` : ''
}

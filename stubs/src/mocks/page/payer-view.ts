import {html} from 'ghtml'
import type {Checkout, PaymentView} from '../checkout.js'
import {document} from './document.js'
import {liveRegion, providerName} from './parts.js'

/** Returns the page on which the payer pays. */
export function payerPage(payment: PaymentView, {declineReasons}: Checkout): string {
  const {provider, id, description, amount, status, detail, actions, returnUrl} = payment
  const canPay = actions.includes('pay')
  const body = html`<main class="payer">
    <p class="note">Mock of ${providerName(provider)}: no money is transferred</p>
    <h1>${amount}</h1>
    <p>${description}</p>
    !${liveRegion('payer', canPay ? payForms(id, detail, declineReasons) : html`<p>The status of this payment is <b>${status}</b>. !${returnLink(returnUrl)}</p>`)}
    <p class="note"><a href="/">All mocks</a></p>
  </main>`
  return document(`Pay ${amount}`, body)
}

/** Returns the page for an unknown payment. */
export function unknownPaymentPage(): string {
  return document(
    'Unknown payment',
    html`<main class="payer">
      <h1>Unknown payment</h1>
      <p>
        This payment does not exist. A restart of the mocks deletes all payments. <a href="/">All mocks</a>
      </p>
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

function returnLink(returnUrl: string | null): string {
  return returnUrl ? html`<a href="${returnUrl}">Return to the shop</a>` : ''
}

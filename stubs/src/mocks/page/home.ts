import {html} from 'ghtml'
import type {Checkout, PaymentView} from '../checkout.js'
import type {MockContext} from '../context.js'
import type {Bot} from '../telegram/bot.js'
import {document} from './document.js'
import {failuresView} from './failures-view.js'
import {paymentsView} from './payments-view.js'
import {telegramView} from './telegram-view.js'
import {webhooksView} from './webhooks-view.js'

/** The state that the page shows and changes. */
export interface PageContext extends MockContext {
  bot: Bot
  checkouts: Checkout[]
}

/** Returns the page with all sections. */
export function homePage(mocks: PageContext): string {
  return document(
    'Mocks of third parties',
    html`<header>
        <h1>Mocks of third parties</h1>
        <p class="note">
          No money is transferred, and nothing is sent outside this machine. A restart deletes all data. Times
          are in UTC.
        </p>
        <nav aria-label="Sections">
          <a href="#telegram">Telegram</a> <a href="#payments">Payments</a> <a href="#webhooks">Webhooks</a>
          <a href="#failures">Failures</a>
        </nav>
        <p id="status" role="status" aria-live="polite"></p>
      </header>
      <main class="grid">
        !${telegramView(mocks.bot)} !${paymentsView(allPayments(mocks.checkouts))}
        !${webhooksView(mocks.webhooks.deliveries())} !${failuresView(mocks.failures.list())}
      </main>`,
  )
}

function allPayments(checkouts: Checkout[]): PaymentView[] {
  return checkouts
    .flatMap(checkout => checkout.payments())
    .sort((one, other) => other.createdAt.getTime() - one.createdAt.getTime())
}

import {html} from 'ghtml'
import type {Checkout, PaymentView} from '../checkout.js'
import type {Failures} from '../failures/failures.js'
import type {News} from '../news.js'
import type {MockSettings} from '../settings.js'
import type {Bot} from '../telegram/bot.js'
import type {Webhooks} from '../webhooks/webhooks.js'
import {document} from './document.js'
import {failuresView} from './failures-view.js'
import {paymentsView} from './payments-view.js'
import {telegramView} from './telegram-view.js'
import {webhooksView} from './webhooks-view.js'

/** All that the page shows and lets people do. */
export interface Mocks {
  settings: MockSettings
  news: News
  failures: Failures
  webhooks: Webhooks
  bot: Bot
  checkouts: Checkout[]
}

export function homePage(mocks: Mocks): string {
  return document(
    'Mocks of third parties',
    html`<header>
        <h1>Mocks of third parties</h1>
        <p class="note">Nothing here is real, and all of it is forgotten at a restart. Times are UTC.</p>
        <nav aria-label="Parts of the page">
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
    .sort((one, other) => other.at.getTime() - one.at.getTime())
}

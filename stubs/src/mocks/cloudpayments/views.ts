import type {PaymentView} from '../checkout.js'
import {formatKopecks} from '../money.js'
import type {Order, Transaction} from './transactions.js'

/** Returns an order as the page shows it. */
export function orderView({id, request, status, declined, createdAt}: Order): PaymentView {
  return {
    provider: 'cloudpayments',
    id,
    description: request.Description,
    amount: `${formatKopecks(request.Amount)} ${request.Currency}`,
    status,
    detail: status === 'Created' && declined ? `declined: ${declined}` : '',
    createdAt,
    actions: status === 'Created' ? ['pay', 'decline'] : [],
    returnUrl: request.SuccessRedirectUrl ?? null,
  }
}

/** Returns a transaction as the page shows it. */
export function transactionView(transaction: Transaction): PaymentView {
  const {id, purchase, amount, status, reason, refunded, createdAt} = transaction
  return {
    provider: 'cloudpayments',
    id: String(id),
    description: purchase.Description ?? purchase.InvoiceId ?? '',
    amount: `${formatKopecks(amount)} ${purchase.Currency}`,
    status,
    detail:
      status === 'Declined' ? reason!.reason : refunded > 0 ? `${formatKopecks(refunded)} refunded` : '',
    createdAt,
    actions: status === 'Completed' && refunded < amount ? ['refund'] : [],
    returnUrl: null,
  }
}

import type {PaymentView} from '../checkout.js'
import {decimal} from '../money.js'
import type {Order, Transaction} from './transactions.js'

export function orderView({id, request, status, declined, createdAt}: Order): PaymentView {
  return {
    provider: 'cloudpayments',
    id,
    description: request.Description,
    amount: `${decimal(request.Amount)} ${request.Currency}`,
    status,
    detail: status === 'Created' && declined ? `declined: ${declined}` : '',
    at: createdAt,
    actions: status === 'Created' ? ['pay', 'decline'] : [],
    returnUrl: request.SuccessRedirectUrl ?? null,
  }
}

export function transactionView(transaction: Transaction): PaymentView {
  const {id, purchase, amount, status, reason, refunded, createdAt} = transaction
  return {
    provider: 'cloudpayments',
    id: String(id),
    description: purchase.Description ?? purchase.InvoiceId ?? '',
    amount: `${decimal(amount)} ${purchase.Currency}`,
    status,
    detail: status === 'Declined' ? reason!.reason : refunded > 0 ? `${decimal(refunded)} refunded` : '',
    at: createdAt,
    actions: status === 'Completed' && refunded < amount ? ['refund'] : [],
    returnUrl: null,
  }
}

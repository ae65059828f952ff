// The objects in API responses and the fields of notifications, with the members that
// https://developers.cloudpayments.ru/ shows.
import {formatKopecks} from '../money.js'
import {cardType} from './card.js'
import {statusCode, type Order, type Transaction} from './transactions.js'

/** Returns a transaction as charge, auth, get and find return it. */
export function transactionModel(transaction: Transaction): object {
  const {id, amount, purchase, card, status, reason, createdAt, authorizedAt, confirmedAt} = transaction
  return {
    TransactionId: id,
    Amount: amount / 100,
    Currency: purchase.Currency,
    CurrencyCode: 0,
    InvoiceId: purchase.InvoiceId ?? null,
    AccountId: purchase.AccountId ?? null,
    Email: purchase.Email ?? null,
    Description: purchase.Description ?? null,
    JsonData: purchase.JsonData ?? null,
    ...dates('Created', createdAt),
    ...dates('Auth', authorizedAt),
    ...dates('Confirm', confirmedAt),
    AuthCode: authorizedAt ? 'A1B2C3' : null,
    TestMode: true,
    CardFirstSix: card.firstSix,
    CardLastFour: card.lastFour,
    CardExpDate: card.expires,
    CardType: cardType(card),
    CardTypeCode: 0,
    Issuer: 'Test Bank',
    IssuerBankCountry: 'RU',
    Status: status,
    StatusCode: statusCode(status),
    Reason: reason?.reason ?? null,
    ReasonCode: reason?.code ?? 0,
    CardHolderMessage: reason?.message ?? null,
    Name: purchase.Name ?? null,
    Refunded: transaction.refunded > 0,
    Token: authorizedAt ? `tk_${id}` : null,
    GatewayName: 'Test',
  }
}

/** Returns an order as orders/create returns it. */
export function orderModel({id, number, request}: Order, publicUrl: string): object {
  return {
    Id: id,
    Number: number,
    Amount: request.Amount / 100,
    Currency: request.Currency,
    CurrencyCode: 0,
    Email: request.Email ?? null,
    Description: request.Description,
    RequireConfirmation: request.RequireConfirmation,
    Url: `${publicUrl}/pay/${id}`,
  }
}

/** Returns the fields that all kinds of notifications have. */
export function notificationFields(transaction: Transaction): Record<string, string> {
  const {id, amount, purchase, card, createdAt} = transaction
  const {Currency, InvoiceId, AccountId, Email, Name, Description, JsonData} = purchase
  return {
    TransactionId: String(id),
    Amount: formatKopecks(amount),
    Currency,
    DateTime: createdAt.toISOString().slice(0, 19).replace('T', ' '),
    CardFirstSix: card.firstSix,
    CardLastFour: card.lastFour,
    CardType: cardType(card),
    CardExpDate: card.expires,
    TestMode: '1',
    OperationType: 'Payment',
    ...omitUndefined({InvoiceId, AccountId, Email, Name, Description}),
    ...(JsonData !== undefined && {Data: typeof JsonData === 'string' ? JsonData : JSON.stringify(JsonData)}),
  }
}

function omitUndefined(fields: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(fields).filter((field): field is [string, string] => field[1] !== undefined),
  )
}

// In the format of .NET, and in ISO 8601 without a time zone. Both are in UTC.
function dates(name: string, date: Date | undefined): object {
  return {
    [`${name}Date`]: date ? `/Date(${date.getTime()})/` : null,
    [`${name}DateIso`]: date ? date.toISOString().slice(0, 19) : null,
  }
}

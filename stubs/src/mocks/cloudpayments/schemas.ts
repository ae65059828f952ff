import * as z from '../zod.js'
import {parseKopecks} from '../money.js'
import {returnUrl} from '../return-url.js'

const amount = z.pipe(
  z.coerce.string({error: 'Amount is required'}).check(
    z.refine(value => value !== 'undefined' && value !== '', {error: 'Amount is required', abort: true}),
    z.refine(value => parseKopecks(value) !== undefined, {error: 'Amount is invalid'}),
  ),
  z.transform(value => parseKopecks(value)!),
)

const text = z.optional(z.string().check(z.maxLength(1000)))
const anyText = z.optional(z.coerce.string())
const transactionId = z.coerce.number({error: 'TransactionId is required'}).check(z.int())

const order = {
  Amount: amount,
  Currency: z._default(z.string(), 'RUB'),
  InvoiceId: anyText,
  AccountId: anyText,
  Description: text,
  Email: text,
  JsonData: z.optional(z.unknown()),
}

/** The request of charge and auth. */
export const charge = z.object({
  ...order,
  CardCryptogramPacket: z
    .string({error: 'CardCryptogramPacket is required'})
    .check(z.minLength(1, {error: 'CardCryptogramPacket is required'})),
  Name: text,
  IpAddress: text,
})

/** The request of orders/create. */
export const newOrder = z.object({
  ...order,
  Description: z.string({error: 'Description is required'}),
  RequireConfirmation: z._default(z.union([z.boolean(), z.stringbool()]), false),
  SuccessRedirectUrl: z.optional(returnUrl),
})

/** The request of confirm and refund. */
export const partOfTransaction = z.object({TransactionId: transactionId, Amount: amount})
/** The request of void and get. */
export const byTransaction = z.object({TransactionId: transactionId})
/** The request of find. */
export const byInvoice = z.object({
  InvoiceId: z.coerce.string().check(z.minLength(1, {error: 'InvoiceId is required'})),
})

/** A validated request of orders/create. */
export type NewOrder = z.infer<typeof newOrder>
/** The properties that payments by card and payments by link have in common. */
export type Purchase = Pick<z.infer<typeof charge>, keyof typeof order> & {Name?: string | undefined}

import * as z from 'zod'
import {parseKopecks} from '../money.js'
import {returnUrl} from '../return-url.js'

const amount = z.coerce
  .string({error: 'Amount is required'})
  .refine(value => value !== 'undefined' && value !== '', {error: 'Amount is required', abort: true})
  .refine(value => parseKopecks(value) !== undefined, {error: 'Amount is invalid'})
  .transform(value => parseKopecks(value)!)

const text = z.string().max(1000).optional()
const transactionId = z.coerce.number({error: 'TransactionId is required'}).int()

const order = {
  Amount: amount,
  Currency: z.string().default('RUB'),
  InvoiceId: z.coerce.string().optional(),
  AccountId: z.coerce.string().optional(),
  Description: text,
  Email: text,
  JsonData: z.unknown().optional(),
}

/** The request of charge and auth. */
export const charge = z.object({
  ...order,
  CardCryptogramPacket: z.string({error: 'CardCryptogramPacket is required'}).min(1, {
    error: 'CardCryptogramPacket is required',
  }),
  Name: text,
  IpAddress: text,
})

/** The request of orders/create. */
export const newOrder = z.object({
  ...order,
  Description: z.string({error: 'Description is required'}),
  RequireConfirmation: z.union([z.boolean(), z.stringbool()]).default(false),
  SuccessRedirectUrl: returnUrl.optional(),
})

/** The request of confirm and refund. */
export const partOfTransaction = z.object({TransactionId: transactionId, Amount: amount})
/** The request of void and get. */
export const byTransaction = z.object({TransactionId: transactionId})
/** The request of find. */
export const byInvoice = z.object({InvoiceId: z.coerce.string().min(1, {error: 'InvoiceId is required'})})

/** A validated request of orders/create. */
export type NewOrder = z.infer<typeof newOrder>
/** The properties that payments by card and payments by link have in common. */
export type Purchase = Pick<z.infer<typeof charge>, keyof typeof order> & {Name?: string | undefined}

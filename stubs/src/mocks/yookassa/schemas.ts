import * as z from 'zod'
import {bodyText, parseJson} from '../body.js'
import {parseKopecks} from '../money.js'
import {returnUrl} from '../return-url.js'
import {invalid} from './errors.js'

const amount = z.object({
  value: z
    .string()
    .refine(value => parseKopecks(value) !== undefined, {error: 'Invalid amount'})
    .transform(value => parseKopecks(value)!),
  currency: z.string().regex(/^[A-Z]{3}$/, {error: 'Invalid currency'}),
})

const metadata = z
  .record(z.string().max(32), z.string().max(512))
  .refine(value => Object.keys(value).length <= 16, {error: 'Too many keys'})

/** The request that creates a payment. Amounts are converted to kopecks. */
export const newPayment = z.object({
  amount,
  capture: z.boolean().default(false),
  description: z.string().max(128).optional(),
  metadata: metadata.default({}),
  payment_method_data: z.object({type: z.string()}).default({type: 'bank_card'}),
  confirmation: z.object({type: z.literal('redirect'), return_url: returnUrl}).optional(),
})
/** A validated request that creates a payment. */
export type NewPayment = z.infer<typeof newPayment>

/** The request that captures a payment, in part if it has an amount. */
export const capture = z.object({amount: amount.optional()})

/** The request that creates a refund. */
export const newRefund = z.object({
  payment_id: z.string(),
  amount,
  description: z.string().max(250).optional(),
})
/** A validated request that creates a refund. */
export type NewRefund = z.infer<typeof newRefund>

/** Validates a body. @throws YooKassaError 400 that names the first invalid parameter */
export function readBody<Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> {
  const value = bodyText(body) === '' ? {} : parseJson(bodyText(body))
  if (value === undefined) throw invalid('body', 'Request body is not valid JSON')
  const {success, data, error} = schema.safeParse(value)
  if (success) return data
  const [{path, message}] = error.issues as [z.core.$ZodIssue]
  throw invalid(path.join('.') || 'body', message)
}

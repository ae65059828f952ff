import * as z from '../zod.js'
import {bodyText, parseJson} from '../body.js'
import {parseKopecks} from '../money.js'
import {returnUrl} from '../return-url.js'
import {invalid} from './errors.js'

const amount = z.object({
  value: z.pipe(
    z.string().check(z.refine(value => parseKopecks(value) !== undefined, {error: 'Invalid amount'})),
    z.transform(value => parseKopecks(value)!),
  ),
  currency: z.string().check(z.regex(/^[A-Z]{3}$/, {error: 'Invalid currency'})),
})

const metadata = z
  .record(z.string().check(z.maxLength(32)), z.string().check(z.maxLength(512)))
  .check(z.refine(value => Object.keys(value).length <= 16, {error: 'Too many keys'}))

/** The request that creates a payment. Amounts are converted to kopecks. */
export const newPayment = z.object({
  amount,
  capture: z._default(z.boolean(), false),
  description: z.optional(z.string().check(z.maxLength(128))),
  metadata: z._default(metadata, {}),
  payment_method_data: z._default(z.object({type: z.string()}), {type: 'bank_card'}),
  confirmation: z.optional(z.object({type: z.literal('redirect'), return_url: returnUrl})),
})
/** A validated request that creates a payment. */
export type NewPayment = z.infer<typeof newPayment>

/** The request that captures a payment, in part if it has an amount. */
export const capture = z.object({amount: z.optional(amount)})

/** The request that creates a refund. */
export const newRefund = z.object({
  payment_id: z.string(),
  amount,
  description: z.optional(z.string().check(z.maxLength(250))),
})
/** A validated request that creates a refund. */
export type NewRefund = z.infer<typeof newRefund>

/** Validates a body. @throws YooKassaError 400 that names the first invalid parameter */
export function readBody<Schema extends z.ZodMiniType>(schema: Schema, body: unknown): z.output<Schema> {
  const value = bodyText(body) === '' ? {} : parseJson(bodyText(body))
  if (value === undefined) throw invalid('body', 'Request body is not valid JSON')
  const {success, data, error} = schema.safeParse(value)
  if (success) return data
  const [{path, message}] = error.issues as [z.core.$ZodIssue]
  throw invalid(path.join('.') || 'body', message)
}

import * as z from 'zod'
import {jsonOf, textOf} from '../body.js'
import {kopecks} from '../money.js'
import {returnUrl} from '../return-url.js'
import {invalid} from './errors.js'

const amount = z.object({
  value: z
    .string()
    .refine(value => kopecks(value) !== undefined, {error: 'Invalid amount'})
    .transform(value => kopecks(value)!),
  currency: z.string().regex(/^[A-Z]{3}$/, {error: 'Invalid currency'}),
})

const metadata = z
  .record(z.string().max(32), z.string().max(512))
  .refine(value => Object.keys(value).length <= 16, {error: 'Too many keys'})

export const newPayment = z.object({
  amount,
  capture: z.boolean().default(false),
  description: z.string().max(128).optional(),
  metadata: metadata.default({}),
  payment_method_data: z.object({type: z.string()}).default({type: 'bank_card'}),
  confirmation: z.object({type: z.literal('redirect'), return_url: returnUrl}).optional(),
})
export type NewPayment = z.infer<typeof newPayment>

export const capture = z.object({amount: amount.optional()})

export const newRefund = z.object({
  payment_id: z.string(),
  amount,
  description: z.string().max(250).optional(),
})
export type NewRefund = z.infer<typeof newRefund>

/** The body as this schema reads it. @throws YooKassaError that names the first parameter that is wrong */
export function readBody<Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> {
  const value = textOf(body) === '' ? {} : jsonOf(textOf(body))
  if (value === undefined) throw invalid('body', 'Request body is not valid JSON')
  const {success, data, error} = schema.safeParse(value)
  if (success) return data
  const [{path, message}] = error.issues as [z.core.$ZodIssue]
  throw invalid(path.join('.') || 'body', message)
}

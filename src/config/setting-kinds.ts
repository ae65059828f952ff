import {z} from 'zod'
import type {Setting} from './setting.js'

const real = ['stage', 'prod'] as const
const all = ['dev', ...real] as const

/** What a value may look like, with the words of a refusal. */
export const oneLine = z.string().regex(/^[^\0\r\n]+$/, 'must be one line')
export const identifier = z
  .string()
  .regex(/^[a-z_][a-z0-9_-]{0,62}$/, 'must be lower-case letters, digits, _ and -')
export const memory = z.string().regex(/^[1-9]\d*[mg]$/, 'must be a size such as 512m or 2g')
export const image = z.string().regex(/^[\w./:@-]+$/, 'must be an image reference')
export const port = z
  .string()
  .refine(text => /^[1-9]\d{0,4}$/.test(text) && Number(text) <= 65_535, 'must be a port, 1 to 65535')

/** The fewest characters of a secret that stage and prod accept. */
export const SECRET_LENGTHS: Readonly<Record<string, number>> = {
  POSTGRES_PASSWORD: 16,
  REDIS_PASSWORD: 16,
  S3_SECRET_KEY: 16,
  JWT_SECRET: 32,
}

export function ownSecret(name: string, about: string): Setting {
  return {
    name,
    schema: oneLine.min(8, 'must have at least 8 characters'),
    group: 'secrets',
    secret: true,
    about: `${about}; in stage and prod at least ${SECRET_LENGTHS[name]} characters`,
    neededIn: all,
  }
}

/** In dev nobody has an account: the mocks take what is generated. */
export function theirSecret(name: string, about: string): Setting {
  return {name, schema: oneLine, group: 'third parties', about, secret: true, neededIn: all}
}

export function account(name: string, about: string, devDefault: string): Setting {
  return {name, schema: oneLine, group: 'third parties', about, neededIn: real, devDefault}
}

export function api(name: string, about: string, {real, mocked}: {real: string; mocked: string}): Setting {
  const schema = z.url({protocol: /^https?$/, error: 'must be an http(s) URL'})
  return {name, schema, group: 'third parties', about, default: real, devDefault: mocked, thirdParty: true}
}

export function limit(name: string, about: string, value: string): Setting {
  return {name, schema: memory, group: 'limits', about, default: value}
}

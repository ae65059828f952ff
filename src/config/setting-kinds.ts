import * as z from '../system/zod.js'
import type {Setting} from './setting.js'

const real = ['stage', 'prod'] as const
const all = ['dev', ...real] as const

/** The accepted values of settings; each message completes a sentence that begins with the name of the setting. */
export const oneLine = z.string().regex(/^[^\0\r\n]+$/, 'must be one line')
export const identifier = z
  .string()
  .regex(/^[a-z_][a-z0-9_-]{0,62}$/, 'must be at most 63 lower-case letters, digits, _ and -')
const memory = z.string().regex(/^[1-9]\d*[mg]$/, 'must be a size such as 512m or 2g')
export const image = z.string().regex(/^[\w./:@-]+$/, 'must be an image reference')
export const port = z
  .string()
  .refine(text => /^[1-9]\d{0,4}$/.test(text) && Number(text) <= 65_535, 'must be a port number, 1 to 65535')

/** The minimum length of a secret in stage and prod, in characters. */
export const SECRET_LENGTHS: Readonly<Record<string, number>> = {
  POSTGRES_PASSWORD: 16,
  REDIS_PASSWORD: 16,
  S3_SECRET_KEY: 16,
  JWT_SECRET: 32,
  OFFSITE_PASSWORD: 16,
}

export function platformSecret(name: string, about: string): Setting {
  return {
    name,
    schema: oneLine.min(8, 'must have at least 8 characters'),
    group: 'secrets',
    secret: true,
    about: `${about}; at least ${SECRET_LENGTHS[name]} characters in stage and prod`,
    neededIn: all,
  }
}

/** In dev there are no accounts: the mocks accept the generated secrets. */
export function thirdPartySecret(name: string, about: string): Setting {
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

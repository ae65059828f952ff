import * as z from './zod.js'

/**
 * The page to which the payer returns: a website, or an app with its own URL scheme. Schemes that run code or read
 * local data in a browser are rejected.
 */
export const returnUrl = z.url({error: 'Invalid URL'}).check(
  z.maxLength(2048),
  z.refine(url => !/^(javascript|vbscript|data|file|blob|about):/i.test(url), {error: 'Invalid URL'}),
)

/** Returns the source expression that allows a redirect to this URL in the `form-action` directive of a CSP. */
export function formActionSource(url: string | null): string {
  if (url === null) return ''
  const {origin, protocol} = new URL(url)
  if (origin === 'null') return protocol
  return /^https?:\/\/[\w.:[\]-]+$/.test(origin) ? origin : ''
}

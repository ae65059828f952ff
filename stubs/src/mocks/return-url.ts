import * as z from 'zod'

/** Where the payer goes afterwards: a website or an app of its own scheme, nothing that a browser would run or read. */
export const returnUrl = z
  .url({error: 'Invalid URL'})
  .max(2048)
  .refine(url => !/^(javascript|vbscript|data|file|blob|about):/i.test(url), {error: 'Invalid URL'})

/** What a form's policy calls the place that this URL leads to. */
export function sourceOf(url: string | null): string {
  if (url === null) return ''
  const {origin, protocol} = new URL(url)
  if (origin === 'null') return protocol
  return /^https?:\/\/[\w.:[\]-]+$/.test(origin) ? origin : ''
}

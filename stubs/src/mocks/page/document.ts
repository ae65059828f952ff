import type {FastifyReply} from 'fastify'
import {html} from 'ghtml'

const ICON =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Ccircle cx='8' cy='8' r='7' fill='%230b7285'/%3E%3C/svg%3E"

/** A whole page. The title is text, the body is HTML. */
export function document(title: string, body: string): string {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title}</title>
        <link rel="icon" href="${ICON}" />
        <link rel="stylesheet" href="/assets/page.css" />
        <script type="module" src="/assets/live.js"></script>
      </head>
      <body>
        !${body}
      </body>
    </html> `
}

/** Sends a page that runs nothing but ours and reaches nobody else; its forms may lead to where the payer
 * returns: Chromium holds the redirect after a form to the policy too. */
export function sendDocument(reply: FastifyReply, page: string, returnsTo = ''): FastifyReply {
  const policy = [
    "default-src 'none'",
    "style-src 'self'",
    "script-src 'self'",
    "connect-src 'self'",
    'img-src data:',
    `form-action 'self' ${returnsTo}`.trim(),
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ]
  return (
    reply
      .type('text/html; charset=utf-8')
      .header('Content-Security-Policy', policy.join('; '))
      .header('X-Content-Type-Options', 'nosniff')
      // With no-referrer, browsers would send the Origin of our own forms as null
      .header('Referrer-Policy', 'same-origin')
      .header('Cache-Control', 'no-store')
      .send(page)
  )
}

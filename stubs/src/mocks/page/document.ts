import type {FastifyReply} from 'fastify'
import {html} from 'ghtml'

const ICON =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Ccircle cx='8' cy='8' r='7' fill='%230b7285'/%3E%3C/svg%3E"

/** Returns a complete page. The title is text, the body is HTML. */
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

/**
 * Sends a page whose Content Security Policy allows only resources of the mocks. `returnSource` is the source expression
 * of the page to which a payer returns: Chromium applies `form-action` to the redirect after a form as well.
 */
export function sendDocument(reply: FastifyReply, page: string, returnSource = ''): FastifyReply {
  const policy = [
    "default-src 'none'",
    "style-src 'self'",
    "script-src 'self'",
    "connect-src 'self'",
    'img-src data:',
    `form-action 'self' ${returnSource}`.trim(),
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ]
  return (
    reply
      .type('text/html; charset=utf-8')
      .header('Content-Security-Policy', policy.join('; '))
      .header('X-Content-Type-Options', 'nosniff')
      // With no-referrer, browsers would send `Origin: null` with the forms of this page
      .header('Referrer-Policy', 'same-origin')
      .header('Cache-Control', 'no-store')
      .send(page)
  )
}

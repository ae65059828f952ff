import type {FastifyInstance} from 'fastify'

/** Lets the routes of this plugin read bodies of any type as bytes: each provider reads them in its own way. */
export function takeBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', {parseAs: 'buffer'}, (_, body, done) => done(null, body))
}

/** The body as text; empty when there is none. */
export function textOf(body: unknown): string {
  return Buffer.isBuffer(body) ? body.toString() : ''
}

/** The fields of an HTML form. */
export function formFields(body: unknown): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(textOf(body)))
}

/** The value of a JSON text, or nothing when it is none. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

import type {FastifyInstance} from 'fastify'

/** Makes the routes of this plugin receive bodies of any media type as bytes, because each provider parses its own. */
export function acceptRawBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', {parseAs: 'buffer'}, (_, body, done) => done(null, body))
}

/** Returns the body as text, or an empty string if there is none. */
export function bodyText(body: unknown): string {
  return Buffer.isBuffer(body) ? body.toString() : ''
}

/** Returns the fields of an HTML form. */
export function formFields(body: unknown): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(bodyText(body)))
}

/** Returns the value of a JSON text, or undefined if the text is not valid JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

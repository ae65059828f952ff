import {fileURLToPath} from 'node:url'
import type {FastifyInstance} from 'fastify'
import {DOCUMENTS} from '../api/document.js'

const PAGES = fileURLToPath(new URL('docs/', import.meta.url))

// The page asks nobody but the gateway; Swagger UI has styles in attributes, and pictures in its stylesheet
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** Adds /docs/, the page of all APIs, and the documents beside it: /docs/user.yaml. */
export async function addDocs(app: FastifyInstance, services: readonly string[]): Promise<void> {
  const {default: files} = await import('@fastify/static')
  await app.register(files, {
    root: [PAGES, DOCUMENTS],
    prefix: '/docs/',
    setHeaders: reply =>
      void reply.headers({'content-security-policy': POLICY, 'x-content-type-options': 'nosniff'}),
  })
  app.get('/docs', async (_, reply) => reply.redirect('/docs/'))
  // Which documents Swagger UI offers
  app.get('/docs/config.json', async () => ({
    urls: services.map(name => ({name, url: `/docs/${name}.yaml`})),
  }))
}

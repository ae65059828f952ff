import {readFile} from 'node:fs/promises'
import {promisify} from 'node:util'
import {brotliDecompress} from 'node:zlib'
import type {FastifyInstance} from 'fastify'

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

/** The files of the page, beside the one file that this is built into; what Swagger UI brings is packed. */
const PAGE = [
  {name: '', file: 'docs/index.html', type: 'text/html; charset=utf-8'},
  {name: 'page.js', file: 'docs/page.js', type: 'text/javascript; charset=utf-8'},
  {name: 'swagger-ui.css', file: 'docs/swagger-ui.css.br', type: 'text/css; charset=utf-8'},
  {
    name: 'swagger-ui-bundle.js',
    file: 'docs/swagger-ui-bundle.js.br',
    type: 'text/javascript; charset=utf-8',
  },
]

/** Adds /docs/, the page of all APIs, and the documents beside it: /docs/user.yaml. */
export function addDocs(app: FastifyInstance, services: readonly string[]): void {
  const documents = services.map(service => ({
    name: `${service}.yaml`,
    file: `openapi/${service}.yaml`,
    type: 'text/yaml; charset=utf-8',
  }))
  for (const {name, file, type} of [...PAGE, ...documents]) {
    const headers = {'content-security-policy': POLICY, 'x-content-type-options': 'nosniff'}
    app.get(`/docs/${name}`, async (_, reply) =>
      reply
        .headers(headers)
        .type(type)
        .send(await contentOf(file)),
    )
  }
  app.get('/docs', async (_, reply) => reply.redirect('/docs/'))
  // Which documents the page offers
  app.get('/docs/config.json', async () => ({
    urls: services.map(name => ({name, url: `/docs/${name}.yaml`})),
  }))
}

// Browsers take brotli over HTTPS only, so it is unpacked here
async function contentOf(file: string): Promise<Buffer> {
  const content = await readFile(new URL(file, import.meta.url))
  return file.endsWith('.br') ? promisify(brotliDecompress)(content) : content
}

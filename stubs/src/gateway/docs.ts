import {readFile} from 'node:fs/promises'
import {promisify} from 'node:util'
import {brotliDecompress} from 'node:zlib'
import type {FastifyInstance} from 'fastify'

// The page loads from the gateway only. OpenAPI Explorer uses style elements, and data: images in its styles.
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

/** The files of the documentation page. Paths are relative to server.js. */
const PAGE = [
  {name: '', file: 'docs/index.html', type: 'text/html; charset=utf-8'},
  {name: 'page.js', file: 'docs/page.js', type: 'text/javascript; charset=utf-8'},
  {
    name: 'openapi-explorer.min.js',
    file: 'docs/openapi-explorer.min.js.br',
    type: 'text/javascript; charset=utf-8',
  },
]

/** Adds the documentation page at /docs/ and the OpenAPI documents that it shows, such as /docs/user.yaml. */
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
        .send(await readContent(file)),
    )
  }
  app.get('/docs', async (_, reply) => reply.redirect('/docs/'))
  // The list of documents on the page
  app.get('/docs/config.json', async () => ({
    urls: services.map(name => ({name, url: `/docs/${name}.yaml`})),
  }))
}

// Browsers support Brotli over HTTPS only, so the file is decompressed here
async function readContent(file: string): Promise<Buffer> {
  const content = await readFile(new URL(file, import.meta.url))
  return file.endsWith('.br') ? promisify(brotliDecompress)(content) : content
}

// Builds what the image and the package hold of the stubs: infra/stubs/server.js, one file without npm
// install, so that the image is a copy, and Swagger UI beside it.
import {readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {brotliCompressSync} from 'node:zlib'
import {build} from 'esbuild'
import swaggerUi from 'swagger-ui-dist/absolute-path.js'
import {compileApi} from './openapi.js'

const OUT = '../infra/stubs'

// Libraries ask for these, but not for what a stub does: Fastify for schemas of routes and for inject(),
// reply-from for forwarding without its option "http"
const LEFT_OUT = [
  '@fastify/ajv-compiler',
  '@fastify/fast-json-stringify-compiler',
  'light-my-request',
  'undici',
]

await build({
  entryPoints: ['src/server.ts'],
  outfile: join(OUT, 'server.js'),
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  // CommonJS libraries inside an ESM bundle still ask for require
  banner: {js: "import {createRequire} from 'node:module'; const require = createRequire(import.meta.url);"},
  minify: true,
  // For the stacks in the log
  keepNames: true,
  legalComments: 'linked',
  plugins: [
    loader('raw', file => ({contents: readFileSync(file, 'utf8'), loader: 'text'})),
    loader('api', file => ({contents: compileApi(file), resolveDir: import.meta.dirname})),
    {name: 'left-out', setup: leaveOut},
  ],
  logLevel: 'warning',
})
// An earlier build may have left files of another name, which the package would ship.
for (const file of readdirSync(join(OUT, 'docs')))
  if (file.startsWith('swagger-ui')) rmSync(join(OUT, 'docs', file))
// The gateway unpacks them: Swagger UI is most of the package, and a fifth smaller so than in npm's gzip
for (const file of ['swagger-ui.css', 'swagger-ui-bundle.js'])
  writeFileSync(join(OUT, 'docs', `${file}.br`), brotliCompressSync(readFileSync(join(swaggerUi(), file))))

/** A plugin: `import … from './file?name'` is what `load` makes of that file. */
function loader(name, load) {
  return {
    name,
    setup({onResolve, onLoad}) {
      onResolve({filter: new RegExp(`\\?${name}$`)}, ({path, resolveDir}) => ({
        path: join(resolveDir, path.slice(0, -name.length - 1)),
        namespace: name,
      }))
      onLoad({filter: /.*/, namespace: name}, ({path}) => load(path))
    },
  }
}

function leaveOut({onResolve, onLoad}) {
  onResolve({filter: new RegExp(`^(${LEFT_OUT.join('|')})$`)}, ({path}) => ({path, namespace: 'left-out'}))
  onLoad({filter: /.*/, namespace: 'left-out'}, () => ({contents: 'module.exports = () => {}'}))
}

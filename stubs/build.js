// Builds the parts of infra/stubs that the image and the npm package contain: server.js, a single file that needs
// no npm install, and OpenAPI Explorer next to it.
import {existsSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {dirname, join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {brotliCompressSync} from 'node:zlib'
import {build} from 'esbuild'
import {licencesOf} from '../scripts/licences.js'
import {compileApi} from './openapi.js'

const OUT = '../infra/stubs'

// Libraries import these packages for features that the stubs do not use. What stands in for each is the least that
// loads.
const UNUSED = 'module.exports = () => {}'
const REPLACED_PACKAGES = {
  // Fastify: schemas of routes, and inject().
  '@fastify/ajv-compiler': UNUSED,
  '@fastify/fast-json-stringify-compiler': UNUSED,
  'light-my-request': UNUSED,
  // Fastify: the option trustProxy.
  'ipaddr.js': UNUSED,
  // Fastify: whether a plugin is made for this version of Fastify; the lock file decides that.
  semver: 'exports.satisfies = () => true',
  // pino: transports in another thread.
  'thread-stream': UNUSED,
  // reply-from: forwarding without its option "http".
  undici: UNUSED,
  // rate-limit: its default keys.
  'ip-address': UNUSED,
}

await build({
  entryPoints: ['src/server.ts'],
  outfile: join(OUT, 'server.js'),
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  // CommonJS libraries in an ESM bundle still call require
  banner: {js: "import {createRequire} from 'node:module'; const require = createRequire(import.meta.url);"},
  minify: true,
  legalComments: 'linked',
  plugins: [
    createLoader('raw', file => ({contents: readFileSync(file, 'utf8'), loader: 'text'})),
    createLoader('api', file => ({contents: compileApi(file), resolveDir: import.meta.dirname})),
    {name: 'replaced-packages', setup: replacePackages},
  ],
  logLevel: 'warning',
})
addExplorer()

/** Adds OpenAPI Explorer, compressed: Brotli makes it a quarter smaller than npm's gzip. The gateway decompresses it. */
function addExplorer() {
  // An earlier build may have left files with other names, which the package would contain.
  for (const file of readdirSync(join(OUT, 'docs'))) if (file.endsWith('.br')) rmSync(join(OUT, 'docs', file))
  const script = fileURLToPath(import.meta.resolve('openapi-explorer/dist/browser/openapi-explorer.min.js'))
  writeFileSync(join(OUT, 'docs/openapi-explorer.min.js.br'), brotliCompressSync(readFileSync(script)))
  // The script contains its dependencies, and names this file, which its package lacks.
  const packages = packagesOf(join(dirname(script), '../..'))
  // Lit loads this one on servers only; it has no licence file.
  const shipped = packages.filter(directory => !directory.endsWith('@lit-labs/ssr-dom-shim'))
  writeFileSync(join(OUT, 'docs/openapi-explorer.min.js.LICENSE.txt'), licencesOf(shipped))
}

/** Returns the directories of an installed package and of all that it depends on. */
function packagesOf(directory) {
  const {dependencies = {}} = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'))
  return [directory, ...Object.keys(dependencies).flatMap(name => packagesOf(findPackage(name, directory)))]
}

function findPackage(name, directory) {
  const found = join(directory, 'node_modules', name)
  return existsSync(found) ? found : findPackage(name, dirname(directory))
}

/** Creates an esbuild plugin that passes the file of each `import … from './file?name'` to `load`. */
function createLoader(name, load) {
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

function replacePackages({onResolve, onLoad}) {
  onResolve({filter: new RegExp(`^(${Object.keys(REPLACED_PACKAGES).join('|')})$`)}, ({path}) => ({
    path,
    namespace: 'replaced-package',
  }))
  onLoad({filter: /.*/, namespace: 'replaced-package'}, ({path}) => ({contents: REPLACED_PACKAGES[path]}))
}

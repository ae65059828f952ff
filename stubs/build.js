// Builds what the image and the package hold of the stubs: infra/stubs/server.js, one file without npm
// install, so that the image is a copy, and Swagger UI beside it.
import {copyFileSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {build} from 'esbuild'
import swaggerUi from 'swagger-ui-dist/absolute-path.js'

const OUT = '../infra/stubs'

await build({
  entryPoints: ['src/server.ts'],
  outfile: join(OUT, 'server.js'),
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  // CommonJS libraries inside an ESM bundle still ask for require
  banner: {js: "import {createRequire} from 'node:module'; const require = createRequire(import.meta.url);"},
  // A tenth less time and memory at start; names stay, for the stacks in the log
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: 'linked',
  plugins: [{name: 'raw', setup: readRaw}],
  logLevel: 'warning',
})
for (const file of ['swagger-ui.css', 'swagger-ui-bundle.js', 'swagger-ui-standalone-preset.js'])
  copyFileSync(join(swaggerUi(), file), join(OUT, 'docs', file))

/** `import text from './page.css?raw'` is the text of that file. */
function readRaw({onResolve, onLoad}) {
  onResolve({filter: /\?raw$/}, ({path, resolveDir}) => ({
    path: join(resolveDir, path.slice(0, -'?raw'.length)),
    namespace: 'raw',
  }))
  onLoad({filter: /.*/, namespace: 'raw'}, ({path}) => ({
    contents: readFileSync(path, 'utf8'),
    loader: 'text',
  }))
}

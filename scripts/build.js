// Builds what the package ships: dist/ (the CLI, and zod in dist/zod.js), infra/stubs/server.js (the stub
// server, one file without npm install, so that its image is a copy), Swagger UI beside it, and oclif.manifest.json.
import {execFileSync} from 'node:child_process'
import {copyFileSync, readFileSync, rmSync} from 'node:fs'
import {join} from 'node:path'
import {build} from 'esbuild'
import swaggerUi from 'swagger-ui-dist/absolute-path.js'

rmSync('dist', {recursive: true, force: true})
execFileSync('node_modules/.bin/tsc', {stdio: 'inherit'})
await build({
  entryPoints: ['src/zod.ts'],
  outfile: 'dist/zod.js',
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  banner: {js: `/* zod\n\n${readFileSync('node_modules/zod/LICENSE', 'utf8')}*/`},
  logLevel: 'warning',
})
await build({
  entryPoints: ['src/stubs/server.ts'],
  outfile: 'infra/stubs/server.js',
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
  copyFileSync(join(swaggerUi(), file), join('infra/stubs/docs', file))
execFileSync('node_modules/.bin/oclif', ['manifest'], {
  stdio: ['ignore', 'ignore', 'inherit'],
  env: {...process.env, OCLIF_SKIP_NEW_VERSION_CHECK: 'true'},
})

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

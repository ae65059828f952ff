// Builds the files that the package ships: dist/ (the CLI, and zod in one file), the stub server in infra/stubs, and
// oclif.manifest.json.
import {execFileSync} from 'node:child_process'
import {readFileSync, rmSync} from 'node:fs'
import {build} from 'esbuild'

rmSync('dist', {recursive: true, force: true})
execFileSync('node_modules/.bin/tsc', {stdio: 'inherit'})
await build({
  entryPoints: ['src/system/zod.ts'],
  outfile: 'dist/system/zod.js',
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  minify: true,
  banner: {js: `/* zod\n\n${readFileSync('node_modules/zod/LICENSE', 'utf8')}*/`},
  logLevel: 'warning',
})
execFileSync('npm', ['run', 'build', '--silent', '--workspace=stubs'], {stdio: 'inherit'})
execFileSync('node_modules/.bin/oclif', ['manifest'], {
  stdio: ['ignore', 'ignore', 'inherit'],
  env: {...process.env, OCLIF_SKIP_NEW_VERSION_CHECK: 'true'},
})

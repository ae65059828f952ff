// Builds the files that the package ships: dist/ (the CLI), the stub server in infra/stubs, and oclif.manifest.json.
import {execFileSync} from 'node:child_process'
import {rmSync} from 'node:fs'

rmSync('dist', {recursive: true, force: true})
execFileSync('node_modules/.bin/tsc', {stdio: 'inherit'})
execFileSync('npm', ['run', 'build', '--silent', '--workspace=stubs'], {stdio: 'inherit'})
execFileSync('node_modules/.bin/oclif', ['manifest'], {
  stdio: ['ignore', 'ignore', 'inherit'],
  env: {...process.env, OCLIF_SKIP_NEW_VERSION_CHECK: 'true'},
})

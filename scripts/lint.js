// Everything that can be said of the code without running it. All checks run; any failure fails.
import {spawnSync} from 'node:child_process'

const SHELL = ['git', ['ls-files', '*.sh', '.ci/run'], {encoding: 'utf8'}]
const scripts = spawnSync(...SHELL)
  .stdout.split('\n')
  .filter(Boolean)

const checks = {
  types: ['tsc', '--project', 'tsconfig.check.json'],
  eslint: ['eslint', '--max-warnings', '0', '.'],
  prettier: ['prettier', '--log-level', 'warn', '--check', '.'],
  'dependency rules': ['depcruise', 'src'],
  'files per folder': ['node', 'scripts/check-folders.js'],
  'dead code': ['knip'],
  shellcheck: ['shellcheck', ...scripts],
}

const failed = Object.entries(checks).filter(([name, [command, ...args]]) => {
  console.log(`lint: ${name}`)
  const {status, error} = spawnSync(command, args, {
    stdio: 'inherit',
    env: {...process.env, PATH: `node_modules/.bin:${process.env.PATH}`},
  })
  if (error) console.error(`${command}: ${error.message}`)
  return status !== 0
})
if (failed.length > 0) console.error(`lint: failed: ${failed.map(([name]) => name).join(', ')}`)
process.exitCode = failed.length > 0 ? 1 : 0

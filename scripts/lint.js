// Runs all static checks, two at a time, and fails if any of them fails.
import {execFileSync, spawn, spawnSync} from 'node:child_process'
import {text} from 'node:stream/consumers'

const scripts = execFileSync('git', ['ls-files', '*.sh', '.ci/run'], {encoding: 'utf8'})
  .split('\n')
  .filter(Boolean)

/** How to install the programs that do not come from npm. */
const PROGRAMS = {
  shellcheck: 'apt install shellcheck',
  actionlint: 'go install github.com/rhysd/actionlint/cmd/actionlint@latest, with ~/go/bin in PATH',
}
for (const [program, install] of Object.entries(PROGRAMS))
  if (spawnSync(program, ['--version']).error) console.error(`lint: ${program} is missing: ${install}`)

/** Slowest first. */
const checks = Object.entries({
  eslint: ['eslint', '--max-warnings', '0', '.'],
  types: ['tsc', '--project', 'tsconfig.check.json'],
  prettier: ['prettier', '--log-level', 'warn', '--check', '.'],
  'dependency rules': ['depcruise', 'src', 'stubs/src'],
  'files per folder': ['node', 'scripts/check-folders.js'],
  'dead code': ['knip'],
  shellcheck: ['shellcheck', ...scripts],
  actionlint: ['actionlint'],
})

const failed = []
await Promise.all([worker(), worker()])
if (failed.length > 0) console.error(`lint: failed: ${failed.join(', ')}`)
process.exitCode = failed.length > 0 ? 1 : 0

/** Runs one check after the other until none is left. */
async function worker() {
  for (let check = checks.shift(); check; check = checks.shift()) {
    const [name, [command, ...args]] = check
    const {passed, output} = await run(command, args)
    console.log(`lint: ${name}${output && `\n${output}`}`)
    if (!passed) failed.push(name)
  }
}

/** Returns the output when the check has ended, so that the output of two checks does not mix. */
async function run(command, args) {
  const child = spawn('sh', ['-c', 'exec "$0" "$@" 2>&1', command, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {...process.env, PATH: `node_modules/.bin:${process.env.PATH}`},
  })
  const ended = new Promise(resolve => child.on('close', resolve))
  const output = await text(child.stdout)
  return {passed: (await ended) === 0, output: output.trim()}
}

// Compares env:up with `docker compose up -d --wait` on the same file with the same settings: from no container to all
// healthy, and again on the stack that is up. Requires the images of the testbed.
import {execa} from 'execa'
import {COMPOSE_FILE} from '../src/engines/compose/project.js'
import {StackSite} from '../test/helpers/stack.js'
import {compare, report} from './compare.js'
import {printLoad} from './cpu.js'
import {printFigures, UP_FIGURES} from './figures.js'

const ROUNDS = Number(process.argv[2] ?? 5)

await using site = await StackSite.open()
await site.writeStageFile()

async function down(): Promise<void> {
  await execa('docker', ['compose', '-p', site.project, 'down', '--volumes', '--timeout', '2'], {cwd: '/'})
}

async function ours(): Promise<void> {
  const run = await site.run('env:up --profile stage')
  if (run.exitCode !== 0) throw new Error(run.stderr)
}

async function theirs(): Promise<void> {
  const args = [
    'compose',
    '-f',
    COMPOSE_FILE,
    '--env-file',
    '.env.stage',
    '--profile',
    'stage',
    'up',
    '-d',
    '--wait',
  ]
  await execa('docker', args, {cwd: site.directory, env: {PATH: process.env.PATH}, extendEnv: false})
}

printLoad()
console.log(`${'median of ' + String(ROUNDS)} runs in turn`.padEnd(34), '    env:up     compose  ratio')
const start = await compare(ours, theirs, ROUNDS, down)
report('from nothing to all healthy', start)
await ours()
report('a stack that is up', await compare(ours, theirs, ROUNDS))
printFigures(UP_FIGURES, {'env:up': start.a, 'docker compose up -d --wait': start.b})

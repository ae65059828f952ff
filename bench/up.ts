// Compares env:up with `docker compose up -d --wait` on the same file with the same settings: from no container to all
// healthy, and again on the stack that is up; first with stubs, then with backends that start like a JVM. Afterwards measures how
// soon env:up names a service that dies at start. Requires the images of the testbed.
//
//   npm run bench:up -- [ROUNDS]
import {availableParallelism} from 'node:os'
import {execa} from 'execa'
import {COMPOSE_FILE} from '../src/engines/compose/project.js'
import {SERVICES} from '../src/stack/catalogue.js'
import {StackSite} from '../test/helpers/stack.js'
import {compare, report} from './compare.js'
import {printLoad} from './cpu.js'
import {printFigures, UP_FIGURES} from './figures.js'

const ROUNDS = Number(process.argv[2] ?? 5)
const JVM = 'aquastream-testbed/slow-jvm:latest'
/** A start that takes 20 seconds; seven of them need most of two cores. */
const SLOW_START = '-DSLOW_JVM_START_SECONDS=20 -DSLOW_JVM_CPU_SECONDS=5'
/** The target for naming a service that dies, in seconds after its second exit. */
const NAMED_WITHIN = 15

async function down(site: StackSite): Promise<void> {
  await execa('docker', ['compose', '-p', site.project, 'down', '--volumes', '--timeout', '2'], {cwd: '/'})
}

async function ours(site: StackSite): Promise<void> {
  const run = await site.run('env:up --profile stage --timeout 600')
  if (run.exitCode !== 0) throw new Error(run.stderr)
}

async function theirs(site: StackSite): Promise<void> {
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

async function compareStarts(backends: string, settings: Record<string, string> = {}): Promise<void> {
  await using site = await StackSite.open()
  await site.writeStageFile(settings)
  const [a, b] = [() => ours(site), () => theirs(site)]
  console.log(`${backends}, median of ${ROUNDS} runs in turn`.padEnd(34), '    env:up     compose  ratio')
  const start = await compare(a, b, ROUNDS, () => down(site))
  report('from nothing to all healthy', start)
  await a()
  report('a stack that is up', await compare(a, b, ROUNDS))
  printFigures(UP_FIGURES, {'env:up': start.a, 'docker compose up -d --wait': start.b})
}

/** Returns the seconds from the second exit of a service to the end of env:up, which names it. */
async function secondsToName(): Promise<number> {
  await using site = await StackSite.open({
    BACKEND_GATEWAY_IMAGE: JVM,
    BACKEND_JAVA_OPTIONS: '-DSLOW_JVM_FAILS=yes -DSLOW_JVM_START_SECONDS=2',
  })
  const began = Math.floor(Date.now() / 1000)
  const run = await site.run('env:up --profile dev --service gateway')
  const ended = Date.now()
  if (run.exitCode !== 4) throw new Error(run.stderr)
  const filters = ['event=die', `label=com.docker.compose.project=${site.project}`]
  const words = filters.flatMap(filter => ['--filter', filter])
  const until = String(Math.ceil(ended / 1000))
  const args = ['events', '--since', String(began), '--until', until, ...words, '--format', '{{json .}}']
  const {stdout} = await execa('docker', args)
  const deaths = stdout
    .split('\n')
    .map(line => JSON.parse(line) as {timeNano: number; Actor: {Attributes: Record<string, string>}})
    .filter(({Actor}) => Actor.Attributes['com.docker.compose.service'] === 'gateway')
  return ended / 1000 - deaths[1]!.timeNano / 1e9
}

/** Prints the times of `secondsToName` while an endless loop keeps each core busy. */
async function nameOnBusyMachine(): Promise<void> {
  const loops = Array.from({length: availableParallelism()}, () =>
    execa('sh', ['-c', 'while :; do :; done'], {reject: false}),
  )
  const named: number[] = []
  try {
    for (let round = 0; round < ROUNDS; round++) named.push(await secondsToName())
  } finally {
    for (const loop of loops) loop.kill()
  }
  const isReached = named.every(seconds => seconds <= NAMED_WITHIN)
  const seconds = named.map(each => each.toFixed(1)).join(', ')
  console.log(`seconds from the second exit of a service to its error, on a busy machine: ${seconds}`)
  console.log(`at most ${NAMED_WITHIN}: ${isReached ? 'reached' : 'not reached'}`)
}

printLoad()
await compareStarts('stubs')
const images = SERVICES.filter(({kind}) => kind === 'backend').map(
  ({imageVariable}) => [imageVariable, JVM] as const,
)
await compareStarts('slow starts', {
  ...Object.fromEntries<string>(images),
  BACKEND_JAVA_OPTIONS: SLOW_START,
})
await nameOnBusyMachine()

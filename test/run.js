// Runs every tier that this machine can run; the last line has the numbers of tests. A tier that cannot run is skipped,
// and the reason is printed; it is a failure if AQUASTREAM_TEST_REQUIRE names the tier (postgres, embedded, browser,
// docker, swarm). AQUASTREAM_TEST_PREPARE is a command that prepares the testbed: the tiers that need it wait for the command,
// while the others run.
import {execFileSync, fork, spawn} from 'node:child_process'
import {readdirSync} from 'node:fs'
import {join, normalize} from 'node:path'
import {createInterface} from 'node:readline'
import {parseCLI} from 'vitest/node'
import {chromium} from './helpers/browser-program.js'
import {postgresPrograms} from './helpers/postgres-programs.js'
import {printFailed, printSlowest, printTiers} from './report.js'

/** The tiers. Each function returns why the tier cannot run on this machine, or undefined. */
const TIERS = {
  unit: () => undefined,
  commands: () => undefined,
  stubs: () => undefined,
  browser: whyNoBrowser,
  embedded: whyNoPostgres,
  postgres: whyNoPostgres,
  docker: whyNoDocker,
  swarm: whyNoSwarm,
}

/**
 * Two lanes run in parallel, and the steps of each lane one after the other; each step is a separate process of vitest. The
 * steps are distributed so that both lanes take equally long, and that one which mostly waits runs beside one which does not.
 */
const LANES = [
  [
    {tiers: ['unit', 'commands', 'stubs', 'browser']},
    {tiers: ['postgres'], needsTestbed: true},
    {tiers: ['swarm'], needsTestbed: true},
  ],
  [{tiers: ['embedded']}, {tiers: ['docker'], needsTestbed: true}],
]

const words = process.argv.slice(2)
const {filter, options} = parseCLI(['vitest', 'run', ...words])
const chosen = [options.project ?? Object.keys(TIERS)].flat().filter(hasMatchingFile)
const required = (process.env.AQUASTREAM_TEST_REQUIRE ?? '').split(',').filter(Boolean)
for (const tier of required.filter(tier => !(tier in TIERS)))
  throw new Error(`AQUASTREAM_TEST_REQUIRE contains ${tier}, which is not a tier`)

const children = new Set()
for (const signal of ['SIGINT', 'SIGTERM'])
  process.on(signal, () => {
    for (const child of children) child.kill(signal)
  })

const counts = {passed: 0, failed: 0, skipped: 0}
const files = []
const failures = []
const prepared = prepare()
await Promise.all(LANES.map(runLane))
if (files.length > 1) {
  printTiers(files)
  printSlowest(files)
}
printFailed(failures)
console.log(`\n${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`)
process.exit(counts.failed > 0 || counts.passed === 0 ? 1 : 0)

async function runLane(steps) {
  for (const {tiers, needsTestbed} of steps) {
    const wanted = tiers.filter(tier => chosen.includes(tier))
    if (wanted.length === 0) continue
    if (needsTestbed) await prepared
    const runnable = wanted.filter(canRun)
    if (runnable.length > 0) await runStep(runnable)
  }
}

/** Returns whether a tier can run; otherwise counts it and prints the reason. */
function canRun(tier) {
  const reason = TIERS[tier]()
  if (!reason) return true
  console.log(`skipped: test/${tier}: ${reason}`)
  if (required.includes(tier)) {
    fail(`test/${tier} is required by AQUASTREAM_TEST_REQUIRE`)
  } else counts.skipped++
  return false
}

async function runStep(tiers) {
  const child = fork(join(import.meta.dirname, 'step.js'), [tiers.join(','), ...words], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: {...process.env, ...(process.stdout.isTTY && !process.env.NO_COLOR && {FORCE_COLOR: '1'})},
  })
  let report
  child.on('message', message => (report = message))
  await finished(child)
  if (!report) {
    fail(`the tests of ${tiers.join(', ')} ended without a report`)
    return
  }
  for (const name of Object.keys(counts)) counts[name] += report.counts[name]
  files.push(...report.files)
  failures.push(...report.failures)
}

async function prepare() {
  const command = process.env.AQUASTREAM_TEST_PREPARE
  if (
    !command ||
    !LANES.flat().some(step => step.needsTestbed && step.tiers.some(tier => chosen.includes(tier)))
  )
    return
  const exitCode = await finished(spawn('sh', ['-c', command], {stdio: ['ignore', 'pipe', 'pipe']}))
  if (exitCode === 0) return
  fail(`${command} ended with exit status ${exitCode}`)
}

/** Counts a failure that is not one of a test. */
function fail(message) {
  console.error(`failed: ${message}`)
  failures.push({message})
  counts.failed++
}

/** Waits for the end of a process. Its output is passed on line by line, because two lanes print at the same time. */
async function finished(child) {
  children.add(child)
  for (const [stream, write] of [
    [child.stdout, console.log],
    [child.stderr, console.error],
  ])
    createInterface({input: stream}).on('line', line => write(line))
  const exitCode = await new Promise(resolve => child.on('close', resolve))
  children.delete(child)
  return exitCode
}

/** Returns whether the arguments select a file of a tier, by the same rules as in vitest. */
function hasMatchingFile(tier) {
  const names = filter.map(word => normalize(word.replace(/:\d+$/, '')))
  const paths = readdirSync(join(import.meta.dirname, tier), {recursive: true})
    .filter(path => path.endsWith('.test.ts'))
    .map(path => join(import.meta.dirname, tier, path))
  return paths.some(path => names.length === 0 || names.some(name => path.includes(name)))
}

function whyNoPostgres() {
  if (postgresPrograms().size > 0) return undefined
  return 'no initdb of PostgreSQL 15 or newer, neither in PATH nor in the directory of Debian (apt install postgresql)'
}

function whyNoBrowser() {
  return chromium() ? undefined : 'no chromium in PATH (apt install chromium)'
}

function whyNoDocker() {
  return whyNoImage('aquastream/backend-user:latest')
}

function whyNoSwarm() {
  return whyNoDocker() ?? whyNoImage('aquastream-testbed/swarm-node:latest')
}

function whyNoImage(image) {
  try {
    execFileSync('docker', ['compose', 'version'], {stdio: 'pipe'})
    execFileSync('docker', ['image', 'inspect', image], {stdio: 'pipe'})
    return undefined
  } catch (error) {
    const [words = ''] = String(error.stderr ?? error.message)
      .trim()
      .split('\n')
    return `${words || 'no engine answers'} (test/testbed/provision.sh makes engine and images)`
  }
}

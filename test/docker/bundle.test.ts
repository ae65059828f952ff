import {randomBytes} from 'node:crypto'
import {execa} from 'execa'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {SETTINGS} from '../../src/config/settings.js'
import type {BundleReport} from '../../src/logs/bundle.js'
import {unpack} from '../helpers/bundle.js'
import {errorOf, Site} from '../helpers/cli.js'
import {StackSite} from '../helpers/stack.js'
import {formsOf} from '../helpers/spellings.js'

/** Every secret setting that a container gets, each with a value that encodings change and no text has by chance. */
const CANARIES: Record<string, string> = Object.fromEntries(
  SETTINGS.filter(({secret, readBy}) => secret && readBy !== 'cli').map(({name}) => [
    name,
    `${name.toLowerCase()}/+&"%41-${randomBytes(12).toString('hex')}`,
  ]),
)

let site: StackSite
/** The canaries are the environment of the start alone: later the containers are all that knows them. */
beforeAll(async () => {
  site = await StackSite.open()
  const run = await site.run('env:up --profile dev', {env: CANARIES})
  expect(run.exitCode, run.stderr).toBe(0)
})
afterAll(() => site[Symbol.asyncDispose]())

test('a report of a stack that writes all its secrets has none', async () => {
  const writers = Object.entries(CANARIES).map(([name, value], index) => ({
    name,
    value,
    service: WRITERS[index]!,
  }))
  for (const writer of writers) await writeEverywhere(writer)
  const run = await site.run('logs --bundle report.tar.gz --json')
  expect(run.exitCode, run.stdout).toBe(0)
  const {path, masked, missing} = JSON.parse(run.stdout) as BundleReport
  expect(Object.keys(masked)).toEqual(expect.arrayContaining(Object.keys(CANARIES)))
  expect(missing).toEqual([])
  const files = await unpack(path)
  for (const {name, value, service} of writers) {
    const half = value.length / 2
    const left = [...formsOf(value).map(({form}) => form), value.slice(0, half), value.slice(half)]
    for (const [file, text] of files)
      expect(
        left.filter(form => text.includes(form)),
        `${name} in ${file}`,
      ).toEqual([])
    const lines = files.get(`report/logs/${service}.log`)!.split('\n')
    expect(
      lines.filter(line => line.includes(` before ${name} |`) && line.endsWith(`| after ${name}`)).length,
    ).toBeGreaterThan(300)
  }
  expect([...files.values()].join('')).not.toMatch(new RegExp(Object.values(CANARIES).map(hexOf).join('|')))
})

test('a report has states, checks, versions and backups', async () => {
  expect((await site.run('db:backup', {env: CANARIES})).exitCode).toBe(0)
  expect((await site.run('logs user --bundle facts.tar.gz --since 5m')).exitCode).toBe(0)
  const files = await unpack(`${site.directory}/facts.tar.gz`)
  const logs = [...files.keys()].filter(name => name.includes('/logs/'))
  expect(logs).toEqual(['facts/logs/user.log'])
  const read = (name: string): unknown => JSON.parse(files.get(`facts/${name}`)!)
  expect(read('services.json')).toContainEqual(
    expect.objectContaining({
      service: 'user',
      health: 'healthy',
      checks: expect.arrayContaining([{at: expect.any(String), exitCode: 0, output: expect.any(String)}]),
    }),
  )
  expect(read('versions.json')).toMatchObject({
    engine: {name: 'compose', 'Docker Engine': expect.stringMatching(/^\d/)},
  })
  expect(read('backups.json')).toMatchObject({manifests: [{kind: 'backup'}]})
  expect(files.get('facts/README.txt')).toMatch(/^ {2}logs\/user\.log +what user wrote$/m)
})

test('an engine that a service cannot be asked from is said', async () => {
  await using elsewhere = await Site.open({...site.env, DOCKER_HOST: 'unix:///nowhere.sock'})
  const run = await elsewhere.run('logs --profile stage --bundle report.tar.gz --json')
  expect(run.exitCode).toBe(0)
  const {missing} = JSON.parse(run.stdout) as BundleReport
  expect(missing).toEqual([
    {what: 'services and their logs', why: 'no Docker engine answers at /nowhere.sock'},
  ])
})

test('an interrupted report leaves nothing', async () => {
  const running = site.start('logs --bundle interrupted.tar.gz --json')
  const [line] = await new Promise<string[]>(resolve =>
    running.stderr.once('data', chunk => resolve([String(chunk)])),
  )
  expect(line).toContain('collect')
  running.kill('SIGINT')
  const run = await running.ended
  expect(run.exitCode).toBe(130)
  expect(errorOf(run).code).toBe('interrupted')
  const {stdout} = await execa('ls', ['-A', site.directory])
  expect(stdout).not.toContain('interrupted')
})

const WRITERS = ['gateway', 'user', 'event', 'crew', 'payment', 'notification', 'media']

/** Has a container write a secret: in all forms, over two lines, and where the engine cuts a long line. */
async function writeEverywhere({
  name,
  value,
  service,
}: {
  name: string
  value: string
  service: string
}): Promise<void> {
  const {Id} = await site.inspect(service)
  const half = Math.ceil(value.length / 2)
  const forms = formsOf(value).map(({form}) => `before ${name} |${form}| after ${name}\n`)
  const long = `${'x'.repeat(16_384 - half)}${value} end\n`
  const text = [...forms, `cut ${value.slice(0, half)}\n${value.slice(half)} end\n`, long].join('')
  await execa('docker', ['exec', '-i', Id, 'sh', '-c', 'cat >/proc/1/fd/1'], {input: text, cwd: '/'})
}

/** The part of a canary that no encoding of characters changes. */
function hexOf(value: string): string {
  return value.slice(-24)
}

import {execa} from 'execa'
import {afterAll, beforeAll, expect, test} from 'vitest'
import type {BundleReport} from '../../src/support/bundle.js'
import {unpack} from '../helpers/bundle.js'
import {CANARIES, expectNoCanary} from '../helpers/canaries.js'
import {errorOf, Site} from '../helpers/cli.js'
import {until} from '../helpers/embedded.js'
import {docker, StackSite} from '../helpers/stack.js'

let site: StackSite
/** Only the environment of the start contains the canaries; later they are known only from the containers. */
beforeAll(async () => {
  site = await StackSite.open()
  const run = await site.run('env:up --profile dev', {env: CANARIES})
  expect(run.exitCode, run.stderr).toBe(0)
})
afterAll(() => site[Symbol.asyncDispose]())

test('a bundle contains none of the secrets in logs', () =>
  expectNoCanary(site, CANARIES, WRITERS, async (service, text) => {
    const {Id} = await site.inspect(service)
    await execa('docker', ['exec', '-i', Id, 'sh', '-c', 'cat >/proc/1/fd/1'], {input: text, cwd: '/'})
    // The engine reads what a container writes when it has time.
    const end = text.slice(-100).trim()
    await until(async () => (await docker('logs', Id)).includes(end), 'the engine has read it')
  }))

test('a bundle contains states, checks, versions and backups', async () => {
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
  expect(files.get('facts/README.txt')).toMatch(/^ {2}logs\/user\.log +log of user$/m)
})

test('an unreachable engine is reported as a missing part', async () => {
  await using elsewhere = await Site.open({...site.env, DOCKER_HOST: 'unix:///nowhere.sock'})
  const run = await elsewhere.run('logs --profile stage --bundle report.tar.gz --json')
  expect(run.exitCode).toBe(0)
  const {missing} = JSON.parse(run.stdout) as BundleReport
  expect(missing).toEqual([
    {what: 'services and their logs', why: 'cannot connect to Docker Engine at /nowhere.sock'},
  ])
})

test('an interrupted command leaves no partial bundle behind', async () => {
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

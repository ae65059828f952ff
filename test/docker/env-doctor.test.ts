import {once} from 'node:events'
import {createServer} from 'node:net'
import {join} from 'node:path'
import {expect, test} from 'vitest'
import type {DoctorReport} from '../../src/doctor/doctor.js'
import type {Run} from '../helpers/cli.js'
import {SECRETS, StackSite} from '../helpers/stack.js'

const findings = ({stdout}: Run) => (JSON.parse(stdout) as DoctorReport).checks

test('all checks succeed on a machine without problems', async () => {
  await using site = await StackSite.open()
  const run = await site.run('env:doctor --profile dev --json')
  expect(run).toMatchObject({exitCode: 0, stderr: ''})
  const verdicts = findings(run).map(({check, verdict}) => `${check} ${verdict}`)
  for (const check of ['engine', 'compose', 'ports', 'project', 'disk', 'memory', 'clock', 'settings'])
    expect(verdicts).toContain(`${check} ok`)
})

test('a port in use is a failed check', async () => {
  await using site = await StackSite.open()
  const server = createServer().listen(Number(site.setting('REDIS_PORT')), '127.0.0.1')
  await once(server, 'listening')
  try {
    const run = await site.run('env:doctor --profile dev --json')
    expect(run.exitCode).toBe(3)
    expect(findings(run).filter(({verdict}) => verdict === 'failed')).toMatchObject([
      {
        check: 'ports',
        code: 'port-taken',
        message: expect.stringContaining(
          `port ${site.setting('REDIS_PORT')} of redis is already in use`,
        ) as string,
      },
    ])
  } finally {
    server.close()
  }
})

test('an invalid port is reported only by settings', async () => {
  await using site = await StackSite.open({REDIS_PORT: 'x'})
  const run = await site.run('env:doctor --profile dev --json')
  expect(run.exitCode).toBe(2)
  expect(findings(run).filter(({verdict}) => verdict === 'failed')).toMatchObject([{check: 'settings'}])
})

test('a registry that cannot be resolved is a warning', async () => {
  await using site = await StackSite.open({...SECRETS, IMAGE_PREFIX: 'registry.invalid/'})
  const run = await site.run('env:doctor --profile stage --json')
  expect(findings(run).filter(({check}) => check === 'registry')).toMatchObject([
    {verdict: 'warning', message: 'the image registry registry.invalid cannot be resolved'},
  ])
})

test('an engine that never responds is a failed check', async () => {
  await using site = await StackSite.open(SECRETS)
  const path = join(site.directory, 'docker.sock')
  const server = createServer(() => undefined).listen(path)
  await once(server, 'listening')
  try {
    const run = await site.run('env:doctor --profile stage --json', {env: {DOCKER_HOST: `unix://${path}`}})
    expect(run.exitCode).toBe(3)
    expect(findings(run).filter(({verdict}) => verdict === 'failed')).toMatchObject([
      {check: 'engine', code: 'engine-missing', message: `cannot connect to Docker Engine at ${path}`},
    ])
  } finally {
    server.close()
  }
}, 60_000)

import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {execa} from 'execa'
import {servicesOf} from '../../src/stack/catalogue.js'
import {COMPOSE_FILE} from '../../src/engines/compose/project.js'
import type {UpReport} from '../../src/env/up.js'
import {chromium} from '../helpers/browser-program.js'
import {BIND, bookAndPay} from '../helpers/scenario.js'
import {runCounted} from '../helpers/lookups.js'
import {docker, SECRETS, StackSite} from '../helpers/stack.js'

const TEN = servicesOf('stage')

describe('stage', () => {
  const quoted = 'a$b "c" #d 12345678'
  let site: StackSite
  let report: UpReport
  beforeAll(async () => {
    site = await StackSite.open()
    await site.writeStageFile({REDIS_PASSWORD: quoted})
    const run = await site.run('env:up --profile stage --json')
    expect(run.exitCode, run.stdout + run.stderr).toBe(0)
    report = JSON.parse(run.stdout) as UpReport
  })
  afterAll(() => site[Symbol.asyncDispose]())

  test('stage starts ten services on the loopback address', async () => {
    expect(report.services.map(({service, health}) => `${service} ${health}`)).toEqual(
      TEN.map(({name}) => `${name} healthy`),
    )
    for (const {name, ports} of TEN) {
      const {NetworkSettings} = await site.inspect(name)
      for (const {container, variable} of ports) {
        expect(NetworkSettings.Ports[`${container}/tcp`]).toEqual([
          {HostIp: '127.0.0.1', HostPort: site.setting(variable)},
        ])
      }
    }
    const health = await fetch(`http://127.0.0.1:${site.setting('GATEWAY_PORT')}/actuator/health`)
    expect(health.status).toBe(200)
  })

  test('a quoted password in a file is passed unchanged', async () => {
    expect((await site.inspect('redis')).Config.Env).toContain(`REDISCLI_AUTH=${quoted}`)
  })

  test('a second start of stage changes nothing and asks once', async () => {
    const run = await runCounted(site, 'env:up --profile stage --json')
    expect(run.stderr).not.toContain('will be recreated')
    expect(JSON.parse(run.stdout)).toMatchObject({changed: false, recreated: []})
    const asked = run.lookups.flatMap(line => /^docker (?:image )?(\w+)/.exec(line)?.[1] ?? [])
    expect(asked.sort()).toEqual([
      'compose',
      'context',
      'inspect',
      'inspect',
      'ps',
      'ps',
      'version',
      'volume',
    ])
  })

  test('every container is confined and gets only its variables', async () => {
    const jobs = ['postgres-schemas', 'minio-bucket', 'minio-volume']
    for (const name of [...TEN.map(service => service.name), ...jobs]) {
      const {Config, HostConfig} = await site.inspect(name)
      const exception = name === 'minio-volume'
      expect(HostConfig, name).toMatchObject({ReadonlyRootfs: true, CapDrop: ['ALL'], Privileged: false})
      expect(HostConfig.SecurityOpt, name).toContain('no-new-privileges:true')
      expect(
        (HostConfig.CapAdd ?? []).map(capability => capability.replace('CAP_', '')),
        name,
      ).toEqual(exception ? ['CHOWN'] : [])
      expect(HostConfig.Memory, name).toBeGreaterThan(0)
      expect(HostConfig.PidsLimit, name).toBeGreaterThan(0)
      if (!exception) expect(Config.User, name).toMatch(/^(10001:10001|postgres|redis)$/)
    }
    const gateway = JSON.stringify(await site.inspect('gateway'))
    for (const name of [
      'POSTGRES_PASSWORD',
      'S3_SECRET_KEY',
      'TELEGRAM_BOT_TOKEN',
      'YOOKASSA_SECRET_KEY',
    ] as const) {
      expect(gateway).not.toContain(SECRETS[name])
    }
    expect(await docker('exec', (await site.inspect('user')).Id, 'id', '-u')).toBe('10001')
  })
})

/** The tests depend on their order: the last ones change the stack. */
describe('dev', () => {
  const odd = `p$HOME "quoted" it's #no-comment \\n {{x}} пароль 🔑`
  const passwords = {POSTGRES_PASSWORD: odd, REDIS_PASSWORD: odd, S3_SECRET_KEY: odd, JWT_SECRET: odd}
  let stage: StackSite
  let site: StackSite
  let report: UpReport
  beforeAll(async () => {
    stage = await StackSite.open()
    await stage.writeStageFile()
    expect((await stage.run('env:up --profile stage --service redis')).exitCode).toBe(0)
    site = await StackSite.open({BACKEND_VERSION: 'not-on-this-machine', BIND, ...passwords})
    const run = await site.run('env:up --profile dev --json')
    expect(run.exitCode, run.stdout + run.stderr).toBe(0)
    report = JSON.parse(run.stdout) as UpReport
  })
  afterAll(async () => {
    await site[Symbol.asyncDispose]()
    await stage[Symbol.asyncDispose]()
  })

  test('dev runs with stubs next to a running stage', async () => {
    expect(report.secrets).toMatch(/dev\.env$/)
    expect(report.access).toContainEqual({
      service: 'gateway',
      address: `http://${BIND}:${site.setting('GATEWAY_PORT')}/docs`,
      user: 'test',
      password: 'test',
      source: null,
    })
    expect(stubsOf(report)).toEqual(['gateway', 'user', 'event', 'crew', 'payment', 'notification', 'media'])
    expect(report.services.every(({health}) => health === 'healthy')).toBe(true)
    expect((await stage.inspect('redis')).State.Health?.Status).toBe('healthy')
  })

  test('special characters in a password are passed unchanged', async () => {
    const {Config} = await site.inspect('media')
    expect(Config.Env).toEqual(
      expect.arrayContaining([`DB_PASSWORD=${odd}`, `REDIS_PASSWORD=${odd}`, `S3_SECRET_KEY=${odd}`]),
    )
    expect(report.services).toContainEqual(expect.objectContaining({service: 'media', health: 'healthy'}))
  })

  test.skipIf(!chromium())('a visitor books, pays and gets a Telegram message', () =>
    bookAndPay({
      gateway: `http://${BIND}:${site.setting('GATEWAY_PORT')}`,
      mocks: `http://${BIND}:${site.setting('MOCKS_PORT')}`,
    }),
  )

  test('a second start changes nothing and says so', async () => {
    const before = await site.inspect('gateway')
    const again = await site.run('env:up --profile dev')
    expect(again.stdout).toContain('The dev stack was already up; nothing was changed.')
    expect((await site.inspect('gateway')).Id).toBe(before.Id)
  })

  test('a paused service is resumed by a start', async () => {
    const {Id} = await site.inspect('gateway')
    await docker('pause', Id)
    expect((await site.run('env:up --profile dev --service gateway')).exitCode).toBe(0)
    expect(await site.inspect('gateway')).toMatchObject({
      Id,
      State: {Status: 'running', Health: {Status: 'healthy'}},
    })
  })

  test('a service waits until its job has run again', async () => {
    const stopped = await Promise.all([site.inspect('minio'), site.inspect('media')])
    await docker('stop', '--time', '1', ...stopped.map(({Id}) => Id))
    expect((await site.run('env:up --profile dev')).exitCode).toBe(0)
    const [job, started] = await Promise.all([site.inspect('minio-bucket'), site.inspect('media')])
    expect(Date.parse(started.State.StartedAt)).toBeGreaterThan(Date.parse(job.State.FinishedAt))
  })

  test('the image of a real service is never replaced', async () => {
    const run = await site.run('env:up --profile dev --service user --real user')
    expect(run.exitCode).toBe(3)
    expect(run.stderr).toContain('image aquastream/backend-user:not-on-this-machine of user cannot be pulled')
  })

  test('stubs are selected by name and shown in tables', async () => {
    const words = 'env:up --profile dev --service gateway --service user --stub all --real user'
    const run = await site.run(words, {env: {BACKEND_VERSION: 'latest'}})
    expect(run.exitCode, run.stderr).toBe(0)
    expect(run.stdout).toMatch(/^gateway .* stub$/m)
    expect(run.stdout).toMatch(/^user .* backend-user$/m)
  })

  test('one variable replaces a stub by an image', async () => {
    await docker('tag', 'aquastream/backend-gateway:latest', 'aquastream-test/another-gateway:1')
    const run = await site.run('env:up --profile dev --service gateway --json', {
      env: {BACKEND_GATEWAY_IMAGE: 'aquastream-test/another-gateway:1'},
    })
    const report = JSON.parse(run.stdout) as UpReport
    expect(stubsOf(report)).toEqual([])
    expect(report.services.at(-1)).toMatchObject({
      image: 'aquastream-test/another-gateway:1',
      health: 'healthy',
    })
  })

  test('a changed setting recreates its service and says so', async () => {
    const postgres = await site.inspect('postgres')
    const run = await site.run('env:up --profile dev --service redis --service postgres', {
      env: {REDIS_MEMORY: '200m'},
    })
    expect(run.stderr).toContain('redis will be recreated: its settings have changed')
    expect(run.stdout).toContain('Recreated containers: redis.')
    expect((await site.inspect('redis')).HostConfig.Memory).toBe(200 * 1024 ** 2)
    expect((await site.inspect('postgres')).Id).toBe(postgres.Id)
  })
})

test('plain Docker Compose starts all services', async () => {
  await using site = await StackSite.open()
  await site.writeStageFile()
  const args = ['-f', COMPOSE_FILE, '--env-file', '.env.stage', '--profile', 'stage', 'up', '-d', '--wait']
  // Only the file sets variables: those of the site are not in the environment.
  await execa('docker', ['compose', ...args], {
    cwd: site.directory,
    env: {PATH: process.env.PATH},
    extendEnv: false,
  })
  for (const {name} of TEN) expect((await site.inspect(name)).State.Health?.Status, name).toBe('healthy')
})

test('two concurrent starts of a stack both succeed', async () => {
  await using site = await StackSite.open()
  const start = () => site.run('env:up --profile dev --service gateway')
  const runs = await Promise.all([start(), start()])
  for (const {exitCode, stderr} of runs) expect(exitCode, stderr).toBe(0)
})

test('with --no-wait, a start ends when services have started', async () => {
  await using site = await StackSite.open({BACKEND_GATEWAY_IMAGE: 'aquastream-testbed/never-healthy:latest'})
  const run = await site.run('env:up --profile dev --service gateway --no-wait')
  expect(run.exitCode, run.stderr).toBe(0)
  expect((await site.inspect('gateway')).State.Status).toBe('running')
})

function stubsOf({services}: UpReport): string[] {
  return services.filter(({stub}) => stub).map(({service}) => service)
}

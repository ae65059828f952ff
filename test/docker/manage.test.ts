import {mkdir, mkdtemp, rm, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {delimiter, join} from 'node:path'
import {stripVTControlCharacters} from 'node:util'
import {execa} from 'execa'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import type {LogLine} from '../../src/engines/engine.js'
import {isContinuation} from '../../src/engines/records.js'
import type {StatusReport} from '../../src/env/status.js'
import {errorOf} from '../helpers/cli.js'
import {docker, StackSite} from '../helpers/stack.js'
import {seen} from '../helpers/streams.js'

describe('a running stack', () => {
  let site: StackSite
  beforeAll(async () => {
    site = await StackSite.open()
    const run = await site.run('env:up --profile dev')
    expect(run.exitCode, run.stderr).toBe(0)
  })
  afterAll(() => site[Symbol.asyncDispose]())

  test('its status contains all properties and exits 0', async () => {
    const run = await site.run('env:status --json')
    expect(run.exitCode).toBe(0)
    const {services, healthy} = JSON.parse(run.stdout) as StatusReport
    expect(healthy).toBe(true)
    expect(services.find(({service}) => service === 'media')).toEqual({
      service: 'media',
      state: 'running',
      health: 'healthy',
      since: expect.stringMatching(/^\d{4}-/),
      restarts: 0,
      memory: {used: expect.any(Number), limit: 768 * 1024 ** 2},
      image: 'aquastream/backend-media:latest',
      stub: false,
      note: null,
      url: `http://127.0.0.1:${site.setting('MEDIA_PORT')}`,
      // They are of Swarm.
      tasks: null,
      update: null,
    })
  })

  test('its status fits a terminal of 40 columns', async () => {
    const {stdout} = await site.runInTerminal('env:status', 40)
    const widths = stripVTControlCharacters(stdout)
      .split(/\r?\n/)
      .map(line => line.length)
    expect(Math.max(...widths)).toBeLessThanOrEqual(40)
    expect(stdout).toContain('notification')
  })

  test('a second start fits a terminal of 40 columns', async () => {
    const {stdout, exitCode} = await site.runInTerminal('env:up --profile dev', 40)
    expect(exitCode).toBe(0)
    const widths = stripVTControlCharacters(stdout)
      .split(/[\r\n]+/)
      .map(line => line.length)
    expect(Math.max(...widths)).toBeLessThanOrEqual(40)
  })

  test.each([
    ['postgres', 'postgres', 'pgdata:/var/lib/postgresql/data'],
    ['redis', 'redis', 'redisdata:/data'],
  ])('another %s waits until the volume is free', async (service, user, volume) => {
    const {Config: config} = await site.inspect(service)
    const [shell, ...args] = [...config.Entrypoint, ...config.Cmd]
    const options = ['--user', user, '--volume', `${site.project}_${volume}`, '--entrypoint', shell!]
    const second = await docker('run', '--detach', ...options, config.Image, ...args)
    try {
      const logs = execa('docker', ['logs', '--follow', second], {all: true, reject: false, buffer: false})
      const {value: first} = await logs.iterable({from: 'all'}).next()
      expect(first).toBe('another container uses this volume; waiting until it has ended')
      logs.kill()
    } finally {
      await docker('rm', '--force', second)
    }
  })

  test('the running profile is used by default', async () => {
    const {stdout} = await site.run('env:status --json')
    expect((JSON.parse(stdout) as StatusReport).profile).toBe('dev')
  })

  test('logs of several services are in chronological order', async () => {
    const {stdout} = await site.run('logs --json')
    const heads = new Map<string, LogLine>()
    const lines = stdout.split('\n').map(line => JSON.parse(line) as LogLine)
    expect(new Set(lines.map(({service}) => service)).size).toBeGreaterThan(9)
    // The lines of one record stay together, so each has the time of its first line.
    for (const [index, line] of lines.entries()) {
      const before = lines[index - 1]
      if (before?.service === line.service && isContinuation(heads.get(line.service)!.text, line.text))
        line.time = heads.get(line.service)!.time
      else heads.set(line.service, line)
    }
    // Lines of one service keep the order of the engine: times of stdout and stderr can differ by microseconds.
    const crossings = lines.flatMap((line, index) => {
      const next = lines[index + 1]
      return next && next.service !== line.service ? [[line.time, next.time]] : []
    })
    expect(crossings.length).toBeGreaterThan(9)
    expect(crossings.filter(([earlier, later]) => earlier! > later!)).toEqual([])
  })

  test('log lines start with the name of the service', async () => {
    const {stdout} = await site.run('logs user event --tail 1')
    const prefixes = stdout.split('\n').map(line => line.split(' | ')[0]?.trim())
    expect(prefixes.toSorted()).toEqual(['event', 'user'])
  })

  test('logs --since omits the lines before that time', async () => {
    const {stdout} = await site.run('logs user --since 2999-01-01T00:00:00Z')
    expect(stdout).toBe('')
  })

  test('a reader that closes the pipe is no error', async () => {
    const command = `"$0" logs | head -n 1; exit "\${PIPESTATUS[0]}"`
    const run = await execa('bash', ['-c', command, join(import.meta.dirname, '../../bin/run.js')], {
      env: site.env,
      extendEnv: false,
      reject: false,
    })
    expect(run.stderr).toBe('')
    expect(run.exitCode).toBe(0)
  })

  test('--follow shows the lines of a restarted service', async () => {
    const running = site.start('logs redis --follow')
    await seen(running.stdout, 'Ready to accept connections')
    // Redis may be ready before the restart has ended.
    const again = seen(running.stdout, 'Ready to accept connections')
    await docker('restart', (await site.inspect('redis')).Id)
    await again
    running.kill('SIGTERM')
    expect((await running.ended).exitCode).toBe(143)
  })

  test('an unhealthy service is named with exit status 4', async () => {
    await docker('stop', '--time', '1', (await site.inspect('user')).Id)
    const run = await site.run('env:status')
    expect(run.exitCode).toBe(4)
    expect(run.stderr).toBe(
      'error: user is not healthy\nhint: find the cause in the log: aquastream logs user --profile dev; start it again: aquastream env:restart user --profile dev',
    )
    expect(run.stdout).toMatch(/^user +exited +exited/m)
    expect((await site.run('env:up --profile dev')).exitCode).toBe(0)
  })
})

test('env:down keeps the data, and --volumes deletes it', async () => {
  await using site = await StackSite.open()
  await site.run('env:up --profile dev --service postgres')
  await sql(site, 'CREATE TABLE "user".kept AS SELECT 42 AS answer')
  expect((await site.run('env:down')).stdout).toContain('Its data is kept')
  await site.run('env:up --profile dev --service postgres')
  expect(await sql(site, 'SELECT answer FROM "user".kept')).toBe('42')
  const refused = await site.run('env:down --volumes --json')
  expect(refused.exitCode).toBe(9)
  expect(errorOf(refused)).toMatchObject({code: 'refused', hint: 'to confirm, add --yes'})
  expect((await site.run('env:down --volumes --yes')).exitCode).toBe(0)
  expect(
    await docker('volume', 'ls', '-q', '--filter', `label=com.docker.compose.project=${site.project}`),
  ).toBe('')
})

test('a volume in use is not reported as deleted', async () => {
  await using site = await StackSite.open()
  await site.run('env:up --profile dev --service redis')
  const volume = `${site.project}_redisdata`
  const user = await docker('create', '--volume', `${volume}:/data`, 'redis:7-alpine')
  const run = await site.run('env:down --volumes --yes --json')
  await docker('rm', user)
  expect(run.exitCode).toBe(4)
  expect(errorOf(run)).toMatchObject({
    code: 'not-deleted',
    message: `${volume} could not be deleted: still in use`,
  })
})

test('env:down needs neither settings nor a checkout', async () => {
  await using site = await StackSite.open()
  await site.writeStageFile()
  expect((await site.run('env:up --profile stage --service redis')).exitCode).toBe(0)
  const elsewhere = await mkdtemp(join(tmpdir(), 'aquastream-elsewhere-'))
  const run = await site.run('env:down', {cwd: elsewhere})
  await rm(elsewhere, {recursive: true})
  expect(run).toMatchObject({
    exitCode: 0,
    stdout: expect.stringContaining(`Project ${site.project} is stopped.`),
  })
  expect((await site.run('env:down')).stdout).toContain('was not running; nothing was changed.')
})

test('a stack is started by a docker wrapper', async () => {
  await using site = await StackSite.open()
  await site.writeStageFile()
  const directory = join(site.directory, 'wrapper')
  await mkdir(directory)
  const script = `#!/bin/sh\nunset DOCKER_HOST\nPATH=${process.env.PATH}\nexec docker "$@"\n`
  await writeFile(join(directory, 'docker'), script, {mode: 0o755})
  // The wrapper reaches the engine, and this address does not: the same happens with `sudo docker`.
  const env = {
    PATH: [directory, process.env.PATH].join(delimiter),
    DOCKER_HOST: 'unix:///nowhere/docker.sock',
  }
  await site.succeed('env:up --profile stage --service redis', {env})
  const {stdout} = await site.run('env:status --profile stage --json', {env})
  expect((JSON.parse(stdout) as StatusReport).services).toContainEqual(
    expect.objectContaining({service: 'redis', health: 'healthy'}),
  )
})

test('logs of a stack that is not running fail', async () => {
  await using site = await StackSite.open()
  const run = await site.run('logs --profile dev')
  expect(run.exitCode).toBe(4)
  expect(run.stderr).toBe(
    'error: the dev stack is not running, so there are no logs\nhint: start it: aquastream env:up --profile dev',
  )
})

async function sql(site: StackSite, statement: string): Promise<string> {
  const {Id} = await site.inspect('postgres')
  return docker('exec', Id, 'psql', '-XAtU', 'aquastream', '-c', statement)
}

import {execa} from 'execa'
import {expect, test} from 'vitest'
import type {RestartReport} from '../../src/env/restart.js'
import type {StatusReport} from '../../src/env/status.js'
import type {UpReport} from '../../src/env/up.js'
import {errorOf} from '../helpers/cli.js'
import {until} from '../helpers/embedded.js'
import {openQuickChecks} from '../helpers/quick-checks.js'
import {docker, StackSite} from '../helpers/stack.js'

const IMAGE = 'aquastream-testbed/slow-jvm:latest'

/** A site whose gateway is a slow JVM with these options. */
function openJvm(options: Record<string, string>, more: NodeJS.ProcessEnv = {}): Promise<StackSite> {
  const flags = Object.entries(options).map(([name, value]) => `-DSLOW_JVM_${name}=${value}`)
  return StackSite.open({BACKEND_GATEWAY_IMAGE: IMAGE, BACKEND_JAVA_OPTIONS: flags.join(' '), ...more})
}

test('a service that dies at start is named with its innermost cause', async () => {
  await using site = await openJvm({FAILS: 'yes', START_SECONDS: '1'})
  const run = await site.run('env:up --profile dev --service gateway')
  expect(run.exitCode).toBe(4)
  expect(run.stderr.match(/^gateway: exited with status 1 and was restarted$/gm)).toHaveLength(1)
  expect(run.stderr).toContain(
    'error: gateway cannot start: it exits again after each restart, the last time with status 1\n',
  )
  const shown = run.stderr.split('\n').filter(line => line.startsWith('  | '))
  expect(shown[0]).toMatch(/ERROR 1 --- .* : Application run failed$/)
  expect(shown.at(-3)).toBe(
    '  | Caused by: org.postgresql.util.PSQLException: FATAL: password authentication failed for user "aquastream"',
  )
  expect(shown.join('\n')).not.toContain('JAVA_TOOL_OPTIONS')
})

test('the stack trace of a record in JSON is read, too', async () => {
  await using site = await openJvm({FAILS: 'yes', LOG: 'json'})
  const run = await site.run('env:up --profile dev --service gateway')
  const shown = run.stderr.split('\n').filter(line => line.startsWith('  | '))
  expect(shown[0]).toBe('  | ERROR Application run failed')
  expect(shown.at(-3)).toContain('Caused by: org.postgresql.util.PSQLException: FATAL: password')
})

test('a slow start may take until the time limit', async () => {
  await using quick = await openQuickChecks()
  await using site = await openJvm({START_SECONDS: '10'})
  const run = await site.run('env:up --profile dev --service gateway --timeout 60', quick)
  expect(run.exitCode, run.stderr).toBe(0)
  expect(run.stderr).toContain('gateway: running, but its health check fails\n')
})

test('a start that waits for a Liquibase lock says so', async () => {
  await using site = await openJvm({LOCKED: 'yes'}, {BACKEND_USER_IMAGE: IMAGE})
  await site.run('env:up --profile dev --service postgres')
  const {Id: postgres} = await site.inspect('postgres')
  const sql = (statement: string): Promise<string> =>
    docker('exec', postgres, 'psql', '-XAtU', 'aquastream', '-c', statement)
  await sql('CREATE TABLE "user".databasechangeloglock AS SELECT 1 AS id, true AS locked')
  // Long enough for a container that starts and writes its first lines on a busy machine.
  const run = await site.run('env:up --profile dev --service user --timeout 25 --json')
  expect(run.exitCode).toBe(4)
  expect(errorOf(run)).toMatchObject({
    code: 'timeout',
    message:
      'user is not healthy after 25 seconds: it waits for the Liquibase lock of schema user, which a start that was interrupted may have left',
  })
  const [, release] = /release the lock: (docker exec .*); then start/.exec(errorOf(run).hint) ?? []
  await execa('sh', ['-c', release!], {cwd: '/'})
  expect(await sql('SELECT locked FROM "user".databasechangeloglock')).toBe('f')
})

test('a service that became unhealthy is restarted by the next start', async () => {
  // A service whose checks count before the end of the start period has certainly been healthy.
  await using quick = await openQuickChecks('180s')
  await using site = await openJvm({})
  await site.run('env:up --profile dev --service gateway', quick)
  const health = async () => (await site.inspect('gateway')).State.Health!
  await until(async () => (await health()).Log.length === 5, 'it was healthy for a while')
  const before = await site.inspect('gateway')
  await docker('exec', before.Id, 'sh', '-c', 'kill -USR1 1')
  await until(async () => (await health()).Status === 'unhealthy', 'it is unhealthy')
  const status = await site.run('env:status')
  expect(status.stdout).toMatch(/^ {2}gateway is running: unhealthy since \d{4}-\d\d-\d\dT[\d:]{8}Z$/m)
  expect(status.stderr).toContain('start it again: aquastream env:restart gateway --profile dev')
  const run = await site.run('env:up --profile dev --service gateway', quick)
  expect(run.exitCode, run.stderr).toBe(0)
  expect(run.stderr).toMatch(
    /^gateway will be restarted: it is unhealthy \(for \d+s, since \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\)$/m,
  )
  expect(run.stdout).toContain('Restarted because unhealthy: gateway.')
  expect((await site.inspect('gateway')).Id).toBe(before.Id)
})

test('single services are stopped and restarted', async () => {
  await using site = await openJvm({})
  await site.run('env:up --profile dev --service gateway')
  const stop = await site.run('env:stop redis gateway minio')
  expect(stop.exitCode, stop.stderr).toBe(0)
  expect(stop.stdout).toContain('Stopped: redis, gateway.')
  expect((await site.inspect('gateway')).State.Status).toBe('exited')
  const status = JSON.parse((await site.run('env:status --json')).stdout) as StatusReport
  expect(status.services.find(({service}) => service === 'redis')).toMatchObject({
    state: 'exited',
    health: 'none',
  })
  const restart = await site.run('env:restart gateway redis --json')
  expect(restart.exitCode, restart.stdout + restart.stderr).toBe(0)
  const {services} = JSON.parse(restart.stdout) as RestartReport
  expect(services.map(({service, health}) => `${service} ${health}`)).toEqual([
    'redis healthy',
    'gateway healthy',
  ])
  const missing = await site.run('env:restart media --json')
  expect(missing.exitCode).toBe(4)
  expect(errorOf(missing).message).toBe('media is not running')
})

test('a service that was killed for memory says so afterwards', async () => {
  await using site = await openJvm({}, {BACKEND_MEMORY: '128m'})
  await site.run('env:up --profile dev --service gateway')
  await docker('exec', (await site.inspect('gateway')).Id, 'sh', '-c', 'kill -USR2 1')
  const gateway = async () =>
    (JSON.parse((await site.run('env:status --json')).stdout) as StatusReport).services.find(
      ({service}) => service === 'gateway',
    )!
  await until(async () => {
    const {restarts, health} = await gateway()
    return restarts === 1 && health === 'healthy'
  }, 'it was restarted')
  expect((await gateway()).note).toBe(
    'restarted after the kernel killed it because it exceeded its memory limit; raise BACKEND_MEMORY',
  )
  const run = await site.run('env:up --profile dev --service gateway --json')
  expect(JSON.parse(run.stdout) as UpReport).toMatchObject({changed: false})
})

test('lines of one record stay together', async () => {
  await using site = await openJvm({LIBRARY: '/tmp'})
  const run = await site.run('env:up --profile dev --service gateway')
  expect(run.exitCode, run.stderr).toBe(0)
  const {stdout} = await site.run('logs')
  expect(stdout).toContain('Loaded the native library /tmp/libnative.so')
  const lines = stdout.split('\n')
  const start = lines.findIndex(line => line.includes('Thread starvation'))
  expect(lines.slice(start, start + 7).every(line => line.startsWith('gateway '))).toBe(true)
})

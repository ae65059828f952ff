import {randomInt} from 'node:crypto'
import {chmod, mkdir, writeFile} from 'node:fs/promises'
import {createServer} from 'node:net'
import {once} from 'node:events'
import {join} from 'node:path'
import {execa} from 'execa'
import {expect, test} from 'vitest'
import {errorOf, expectDone} from '../helpers/cli.js'
import {openEngineProxy} from '../helpers/engine-proxy.js'
import {pathOf, standIn} from '../helpers/shells.js'
import {docker, StackSite} from '../helpers/stack.js'
import {seen} from '../helpers/streams.js'

test('an unreachable engine is reported with its socket', async () => {
  await using site = await StackSite.open({DOCKER_HOST: 'unix:///tmp/no-engine-here.sock'})
  const run = await site.run('env:up --profile dev --engine compose')
  expect(run.exitCode).toBe(3)
  expect(run.stderr).toContain('error: cannot connect to Docker Engine at /tmp/no-engine-here.sock\n')
  expect(run.stderr).toContain('hint: start Docker Engine')
})

test('a Docker context that does not exist is named', async () => {
  await using site = await StackSite.open()
  await mkdir(join(site.directory, '.docker'))
  await site.write('.docker/config.json', '{"currentContext": "gone"}')
  const run = await site.run('env:up --profile dev --engine compose --json')
  expect(run.exitCode).toBe(3)
  expect(errorOf(run)).toMatchObject({
    code: 'engine-missing',
    message: 'the Docker context gone cannot be used',
  })
})

test.skipIf(process.getuid?.() !== 0)('denied access to the engine names the docker group', async () => {
  await using site = await StackSite.open()
  await using proxy = await openEngineProxy()
  await chmod(proxy.path, 0o600)
  await chmod(site.directory, 0o777)
  const run = await site.run('env:up --profile dev --engine compose --json', {
    user: NOBODY,
    cwd: '/',
    env: {DOCKER_HOST: `unix://${proxy.path}`, HOME: '/nonexistent', XDG_STATE_HOME: site.directory},
  })
  expect(run.exitCode, run.stderr).toBe(3)
  expect(errorOf(run)).toMatchObject({
    code: 'engine-denied',
    hint: expect.stringContaining('usermod -aG docker'),
  })
})

test('an old Compose is rejected with its version', async () => {
  await using site = await StackSite.open()
  const plugins = join(site.directory, '.docker', 'cli-plugins')
  await mkdir(plugins, {recursive: true})
  await writeFile(join(plugins, 'docker-compose'), OLD_COMPOSE, {mode: 0o755})
  const run = await site.run('env:up --profile dev --json')
  expect(run.exitCode).toBe(3)
  expect(errorOf(run).code).toBe('compose-too-old')
  expect(errorOf(run).message).toContain('Docker Compose 2.17.3 cannot run')
})

test('every problem is reported at once', async () => {
  await using site = await StackSite.open({POSTGRES_MEMORY: 'plenty'})
  await using blocker = await listen(Number(site.setting('REDIS_PORT')))
  const run = await site.run('env:up --profile dev --json')
  expect(run.exitCode).toBe(2)
  expect(errorOf(run).problems?.map(({message}) => message)).toEqual([
    'POSTGRES_MEMORY in the environment must be a size such as 512m or 2g',
    expect.stringMatching(
      `^port ${blocker.port} of redis is already in use by .*\\(process ${process.pid}\\)$`,
    ),
  ])
})

test('a port used by a container names the container', async () => {
  await using site = await StackSite.open()
  await using other = await StackSite.open({REDIS_PORT: site.setting('REDIS_PORT')})
  await other.run('env:up --profile dev --service redis')
  const run = await site.run('env:up --profile dev --service redis --json')
  expect(run.exitCode).toBe(3)
  expect(errorOf(run)).toMatchObject({
    code: 'port-taken',
    message: `port ${site.setting('REDIS_PORT')} of redis is already in use by the container ${other.project}-redis-1`,
    hint: expect.stringContaining('REDIS_PORT='),
  })
})

// Docker lists neighbouring ports as one range if they have the same numbers in the container.
test('neighbouring ports used by another stack name that stack', async () => {
  // The ports may be in use on 127.0.0.1.
  const BIND = `127.${randomInt(1, 255)}.${randomInt(255)}.1`
  const ports = {BIND, MINIO_PORT: '9000', MINIO_CONSOLE_PORT: '9001'}
  await using site = await StackSite.open(ports)
  await using other = await StackSite.open(ports)
  await other.succeed('env:up --profile dev --service minio')
  const run = await site.run('env:up --profile dev --service minio --json')
  expect(run.exitCode).toBe(3)
  expect(errorOf(run)).toMatchObject({
    code: 'port-taken',
    message: `ports 9000, 9001 are already in use by the stack ${other.project}`,
  })
})

test('an image of an unreachable registry says what to check', async () => {
  await using site = await StackSite.open({BACKEND_GATEWAY_IMAGE: '127.0.0.1:1/no/such-image:1'})
  const run = await site.run('env:up --profile dev --service gateway --json')
  expect(run.exitCode).toBe(3)
  expect(errorOf(run).code).toBe('image-missing')
  expect(errorOf(run).message).toContain('127.0.0.1:1/no/such-image:1 of gateway cannot be pulled')
  expect(errorOf(run).hint).toContain('this machine cannot reach the registry')
})

test('images of one unreachable registry are one problem', async () => {
  await using site = await StackSite.open({
    BACKEND_GATEWAY_IMAGE: 'registry.invalid/gateway:1',
    BACKEND_USER_IMAGE: 'registry.invalid/user:1',
  })
  const run = await site.run('env:up --profile dev --service gateway --service user --json')
  expect(run.exitCode).toBe(3)
  expect(errorOf(run).problems).toBeUndefined()
  expect(errorOf(run).message).toMatch(
    /^images registry\.invalid\/gateway:1 of gateway, registry\.invalid\/user:1 of user cannot be pulled \(/,
  )
  expect(errorOf(run).hint).toContain('getent hosts registry.invalid')
})

test('if a new image fails, the error names the previous one', async () => {
  await using site = await StackSite.open()
  await site.run('env:up --profile dev --service gateway --real gateway')
  const env = {BACKEND_GATEWAY_IMAGE: 'aquastream-testbed/dies:latest'}
  const run = await site.run('env:up --profile dev --service gateway --json', {env})
  expect(errorOf(run).message).toMatch(/; the previous image was aquastream\/backend-gateway:latest$/)
})

test('a service that exits at once ends the wait', async () => {
  await using site = await StackSite.open({BACKEND_GATEWAY_IMAGE: 'aquastream-testbed/dies:latest'})
  const run = await site.run('env:up --profile dev --service gateway')
  expect(run.exitCode).toBe(4)
  expect(run.stderr).toContain('  | fatal: cannot read its configuration\n')
  expect(run.stderr).toMatch(
    /error: gateway cannot start: it exits again after each restart, the last time with status 1\n/,
  )
  expect(run.stderr).toContain('hint: full log: aquastream logs gateway')
})

test('a secret in the log of a service is masked', async () => {
  const image = 'aquastream-test/tells-secret'
  const program = 'echo "fatal: GET https://keys.test/$JWT_SECRET failed" >&2; exit 1'
  const container = await docker('create', 'aquastream-testbed/dies:latest')
  await docker('commit', '--change', `CMD ["sh", "-c", ${JSON.stringify(program)}]`, container, image)
  await docker('rm', container)
  try {
    await using site = await StackSite.open({BACKEND_GATEWAY_IMAGE: image})
    const env = {JWT_SECRET: 'canary-of-a-test-5a6b7c8d9e0f1a2b'}
    const started = await site.run('env:up --profile dev --service gateway --json', {env})
    // Only the container has the secret now.
    const restarted = await site.run('env:restart gateway --profile dev --json')
    for (const run of [started, restarted])
      expect(errorOf(run).evidence?.flatMap(({lines}) => lines)).toEqual([
        'fatal: GET https://keys.test/[masked JWT_SECRET] failed',
      ])
  } finally {
    await docker('rmi', '--force', image)
  }
})

test('a service that never becomes healthy causes a timeout', async () => {
  await using site = await StackSite.open({BACKEND_GATEWAY_IMAGE: 'aquastream-testbed/never-healthy:latest'})
  // What the gateway needs may take longer than the time limit.
  expectDone(await site.run('env:up --profile dev --service redis'))
  const run = await site.run('env:up --profile dev --service gateway --timeout 6 --json')
  expect(run.exitCode).toBe(4)
  expect(errorOf(run)).toMatchObject({code: 'timeout', message: 'gateway is not healthy after 6 seconds'})
})

test('a service killed for memory names its limit', async () => {
  await using site = await StackSite.open({
    BACKEND_GATEWAY_IMAGE: 'aquastream-testbed/memory-hog:latest',
    BACKEND_MEMORY: '64m',
  })
  const run = await site.run('env:up --profile dev --service gateway --json')
  expect(run.exitCode).toBe(4)
  expect(errorOf(run).message).toBe(
    'gateway cannot start: the kernel killed it because it exceeded its memory limit (exit status 137)',
  )
  expect(errorOf(run).hint).toContain('BACKEND_MEMORY=')
})

test('an image for another architecture is named as such', async () => {
  await using site = await StackSite.open({BACKEND_GATEWAY_IMAGE: 'aquastream-testbed/wrong-arch:latest'})
  const run = await site.run('env:up --profile dev --service gateway --json')
  expect(run.exitCode).toBe(3)
  expect(errorOf(run).code).toBe('image-architecture')
  expect(errorOf(run).message).toMatch(/was built for arm64, but this machine is amd64$/)
})

test('a volume created with another password is detected', async () => {
  await using site = await StackSite.open()
  await site.run('env:up --profile dev --service postgres')
  await site.run('env:down --profile dev')
  const run = await site.run('env:up --profile dev --service postgres --json', {
    env: {POSTGRES_PASSWORD: 'another-password-than-before'},
  })
  expect(run.exitCode).toBe(4)
  expect(errorOf(run).message).toContain(
    'the database volume was created with a different POSTGRES_USER, POSTGRES_PASSWORD or POSTGRES_DB',
  )
  expect(run.stdout + run.stderr).not.toContain('another-password-than-before')
  const status = await site.run('env:status')
  expect(status.stdout).toMatch(/^postgres-schemas +exited /m)
  expect(status.stderr).toContain('error: the job postgres-schemas failed; ')
  expect(status.stderr).toContain('aquastream logs postgres-schemas --profile dev')
  const [, change] = /the new one: (docker exec .*); otherwise/.exec(errorOf(run).hint) ?? []
  const input = 'another-password-than-before\n'.repeat(2)
  await execa('sh', ['-c', change!.replace('-it', '-i')], {cwd: '/', input})
  const again = await site.run('env:up --profile dev --service postgres', {
    env: {POSTGRES_PASSWORD: 'another-password-than-before'},
  })
  expect(again.exitCode, again.stderr).toBe(0)
})

test('an engine that stops during a start is reported', async () => {
  await using site = await StackSite.open({BACKEND_GATEWAY_IMAGE: 'aquastream-testbed/never-healthy:latest'})
  await using proxy = await openEngineProxy()
  const running = site.start('env:up --profile dev --service gateway --json', {
    env: {DOCKER_HOST: `unix://${proxy.path}`},
  })
  await seen(running.stderr, 'gateway: waiting for its health check')
  await proxy.stop()
  const run = await running.ended
  expect(run.exitCode).toBe(3)
  expect(errorOf(run)).toMatchObject({
    code: 'engine-missing',
    message: `cannot connect to Docker Engine at ${proxy.path}`,
  })
})

test('a port occupied after the checks is still reported', async () => {
  await using site = await StackSite.open({BACKEND_GATEWAY_IMAGE: 'aquastream-testbed/never-healthy:latest'})
  const running = site.start('env:up --profile dev --service gateway --json')
  await seen(running.stderr, 'check: done')
  await using blocker = await listen(Number(site.setting('GATEWAY_PORT')))
  const run = await running.ended
  expect(run.exitCode).toBe(3)
  expect(errorOf(run).message).toContain(`port ${blocker.port} of gateway is already in use`)
})

test('a project is not shared between two profiles', async () => {
  await using site = await StackSite.open()
  await site.writeStageFile()
  await site.run('env:up --profile dev --service redis')
  const run = await site.run('env:up --profile stage --service redis --json')
  expect(run.exitCode).toBe(2)
  expect(errorOf(run)).toMatchObject({
    code: 'project-in-use',
    message: `project ${site.project} already contains data of profile dev`,
  })
})

const NOBODY = 65_534

async function listen(port: number): Promise<AsyncDisposable & {port: number}> {
  const server = createServer().listen(port, '127.0.0.1')
  await once(server, 'listening')
  return {
    port,
    async [Symbol.asyncDispose]() {
      await once(server.close(), 'close')
    },
  }
}

/** Replaces a Compose version of 2023, which does not support start_interval. */
const OLD_COMPOSE = `#!/bin/sh
case "$*" in
  *docker-cli-plugin-metadata*) echo '{"SchemaVersion":"0.1.0","Vendor":"Docker Inc.","Version":"v2.17.3"}' ;;
  *version*) echo 2.17.3 ;;
  *) echo "services.redis.healthcheck Additional property start_interval is not allowed" >&2; exit 15 ;;
esac
`

test('docker can be a script that runs docker', async () => {
  await using site = await StackSite.open()
  // The shell waits for it, so a signal to the script does not reach it.
  const script = '"$real" "$@"; exit $?'
  const PATH = await standIn(site, join(site.directory, 'bin'), {real: pathOf('docker')!, script})
  const run = await site.run('env:up --profile dev --service redis', {env: {PATH}})
  expect(run.exitCode, run.stderr).toBe(0)
})

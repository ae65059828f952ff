import {once} from 'node:events'
import {type AddressInfo, createServer} from 'node:net'
import {execa} from 'execa'
import {expect, test} from 'vitest'
import {errorOf} from '../helpers/cli.js'
import {docker, StackSite} from '../helpers/stack.js'
import {seen} from '../helpers/streams.js'

const signals = [
  {signal: 'SIGINT', code: 'interrupted', exitCode: 130},
  {signal: 'SIGTERM', code: 'terminated', exitCode: 143},
] as const

const DOWN = 'aquastream env:down --profile dev'

/** The phases of a start, with the output of the CLI at the beginning of each. */
const phases = [
  {phase: 'the checks', words: 'check: engine', env: {}, advice: 'run the command again'},
  {phase: 'the start', words: 'images: done', env: {}, advice: DOWN},
  {
    phase: 'the wait',
    words: 'gateway: waiting for its health check',
    env: {BACKEND_GATEWAY_IMAGE: 'aquastream-testbed/never-healthy:latest'},
    advice: DOWN,
  },
]

test.each(phases.flatMap(phase => signals.map(signal => ({...phase, ...signal}))))(
  '$signal during $phase ends the start with a hint',
  async ({words, env, advice, signal, code, exitCode}) => {
    await using site = await StackSite.open(env)
    const running = site.start('env:up --profile dev --service gateway --json')
    await seen(running.stderr, words)
    running.kill(signal)
    const run = await running.ended
    expect(run.exitCode).toBe(exitCode)
    expect(errorOf(run)).toMatchObject({code, hint: expect.stringContaining(advice)})
    expect(await composeProcesses(site.project)).toEqual([])
    expect((await site.run('env:up --profile dev --service redis')).exitCode).toBe(0)
  },
)

test('an interrupt during a pull ends the start', async () => {
  await using registry = await openSilentRegistry()
  await using site = await StackSite.open({BACKEND_GATEWAY_IMAGE: `127.0.0.1:${registry.port}/slow:1`})
  const running = site.start('env:up --profile dev --service gateway')
  await seen(running.stderr, 'images: pulling')
  running.kill('SIGINT')
  const run = await running.ended
  expect(run.exitCode).toBe(130)
  expect(run.stderr).toContain(
    'error: interrupted while the dev stack was starting; started services keep running\n',
  )
})

test('the next env:down completes an interrupted stop', async () => {
  await using site = await StackSite.open()
  await site.run('env:up --profile dev --service redis --service postgres')
  const running = site.start('env:down --profile dev')
  await seen(running.stderr, 'stop: ')
  running.kill('SIGINT')
  expect((await running.ended).exitCode).toBe(130)
  expect((await site.run('env:down --profile dev')).exitCode).toBe(0)
  expect(await docker('ps', '-aq', '--filter', `label=com.docker.compose.project=${site.project}`)).toBe('')
})

test('an interrupt ends logs --follow without an error', async () => {
  await using site = await StackSite.open()
  await site.run('env:up --profile dev --service redis')
  const running = site.start('logs --follow --profile dev')
  await seen(running.stdout, 'Ready to accept connections')
  running.kill('SIGINT')
  expect(await running.ended).toMatchObject({exitCode: 130, stderr: ''})
})

/** Returns the processes of docker commands for a project that are still running. */
async function composeProcesses(project: string): Promise<string[]> {
  const {stdout} = await execa('ps', ['-eo', 'args'])
  return stdout.split('\n').filter(line => line.includes(`-p ${project}`))
}

/** A registry that accepts connections and never responds. */
async function openSilentRegistry(): Promise<AsyncDisposable & {port: number}> {
  const server = createServer()
  const sockets = new Set<{destroy(): void}>()
  server.on('connection', socket => sockets.add(socket))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await once(server.close(), 'close')
    },
  }
}

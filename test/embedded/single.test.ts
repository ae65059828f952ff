import {chmod} from 'node:fs/promises'
import {join} from 'node:path'
import {expect, test} from 'vitest'
import type {RestartReport} from '../../src/env/restart.js'
import type {StatusReport} from '../../src/env/status.js'
import {errorOf} from '../helpers/cli.js'
import {EmbeddedSite, until} from '../helpers/embedded.js'

test('a stopped service stays stopped until it is started again', async () => {
  await using site = await EmbeddedSite.open()
  await site.up('user')
  const pid = await site.pidOf('user')
  const postgres = await site.pidOf('postgres')
  const stop = await site.run('env:stop user')
  expect(stop.exitCode, stop.stderr).toBe(0)
  expect(stop.stdout).toContain('Stopped: user.')
  expect((await site.processes()).map(process => process.pid)).not.toContain(pid)
  expect(rowOf(await site.status(), 'user')).toMatchObject({state: 'exited', health: 'none'})
  expect((await site.run('env:stop user')).stdout).toBe('Was not running: user. Nothing was changed.')
  await site.up('user')
  expect(rowOf(await site.status(), 'user')).toMatchObject({state: 'running', health: 'healthy'})
  expect(await site.pidOf('postgres')).toBe(postgres)
})

test('a restart replaces the process and continues its log', async () => {
  await using site = await EmbeddedSite.open()
  await site.up('user')
  const pid = await site.pidOf('user')
  const before = (await site.run('logs user')).stdout
  const run = await site.run('env:restart user postgres --json')
  expect(run.exitCode, run.stdout + run.stderr).toBe(0)
  const {services} = JSON.parse(run.stdout) as RestartReport
  expect(services.map(({service, health}) => `${service} ${health}`)).toEqual([
    'postgres healthy',
    'user healthy',
  ])
  expect(await site.pidOf('user')).not.toBe(pid)
  const after = (await site.run('logs user')).stdout
  expect(after.startsWith(before)).toBe(true)
  expect(after).toContain('aquastream: the program exited with status')
})

test('what does not run cannot be restarted', async () => {
  await using site = await EmbeddedSite.open()
  expect(errorOf(await site.run('env:restart --json')).message).toMatch(/^the dev stack is not running/)
  await site.up('postgres')
  const run = await site.run('env:restart media --json')
  expect(run.exitCode).toBe(4)
  expect(errorOf(run)).toMatchObject({code: 'not-healthy', message: 'media is not running'})
  expect((await site.run('env:restart nobody --json')).exitCode).toBe(10)
})

test('a service that became unhealthy is restarted by the next start', async () => {
  await using site = await EmbeddedSite.open()
  await site.up('user')
  const pid = await site.pidOf('user')
  process.kill(pid, 'SIGSTOP')
  await until(
    async () => rowOf(await site.status(), 'user').health === 'unhealthy',
    'it is unhealthy',
    60_000,
  )
  const run = await site.run('env:up --service user')
  expect(run.exitCode, run.stderr).toBe(0)
  expect(run.stderr).toMatch(/^user will be restarted: it is unhealthy \(for \d+s, since .*Z\)$/m)
  expect(run.stdout).toContain('Restarted because unhealthy: user.')
  expect(await site.pidOf('user')).not.toBe(pid)
})

/** A redis-server that loads its data for ever, and counts its clients in its log. */
const LOADING_REDIS = `#!${process.execPath}
if (process.argv[2] === '--version') { console.log('v=7.0.0'); process.exit() }
let clients = 0
const server = require('node:net').createServer(socket => {
  console.log('client', ++clients)
  socket.end('-LOADING Redis is loading the dataset in memory\\r\\n')
})
server.listen(process.argv[process.argv.indexOf('--port') + 1], '127.0.0.1')
process.on('SIGTERM', () => process.exit())
`

test('a service that is still starting is not called unhealthy', async () => {
  await using site = await EmbeddedSite.open()
  await site.write('redis-server', LOADING_REDIS)
  await chmod(join(site.directory, 'redis-server'), 0o755)
  const env = {PATH: `${site.directory}:${site.env.PATH}`}
  const start = await site.run('env:up --service redis --no-wait', {env})
  expect(start.exitCode, start.stderr).toBe(0)
  // Three failed checks make a service that has started unhealthy.
  await until(async () => (await site.run('logs redis')).stdout.includes('client 5'), 'five checks', 60_000)
  expect(rowOf(await site.status(), 'redis')).toMatchObject({state: 'running', health: 'starting'})
})

test('a service that dies twice at start is named with its last error', async () => {
  await using site = await EmbeddedSite.open()
  await site.write(
    'redis-server',
    '#!/bin/sh\n[ "$1" = --version ] && echo v=7.0.0 && exit\necho "fatal: no memory" >&2\nexit 3\n',
  )
  await chmod(join(site.directory, 'redis-server'), 0o755)
  const run = await site.run('env:up --service redis', {env: {PATH: `${site.directory}:${site.env.PATH}`}})
  expect(run.exitCode).toBe(4)
  expect(run.stderr.match(/^redis: exited with status 3 and was restarted$/gm)).toHaveLength(1)
  expect(run.stderr).toContain('last error of redis:\n  | fatal: no memory\n')
  expect(run.stderr).toContain(
    'error: redis cannot start: it exits again after each restart, the last time with status 3\n',
  )
})

function rowOf({services}: StatusReport, service: string): StatusReport['services'][number] {
  return services.find(row => row.service === service)!
}

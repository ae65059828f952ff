import {once} from 'node:events'
import {symlink} from 'node:fs/promises'
import {createServer} from 'node:net'
import {join} from 'node:path'
import {execa} from 'execa'
import {expect, test} from 'vitest'
import {errorOf} from '../helpers/cli.js'
import {SECRETS, StackSite} from '../helpers/stack.js'

test.concurrent.each(['db:backup', 'env:status', 'env:down', 'logs'])(
  'a Docker Engine that never answers ends %s',
  async command => {
    await using site = await StackSite.open(SECRETS)
    const path = join(site.directory, 'docker.sock')
    const server = createServer(() => undefined).listen(path)
    await once(server, 'listening')
    try {
      const run = await site.run(`${command} --profile stage --json`, {env: {DOCKER_HOST: `unix://${path}`}})
      expect(errorOf(run)).toMatchObject({
        code: 'engine-missing',
        exitCode: 3,
        message: `cannot connect to Docker Engine at ${path}`,
      })
    } finally {
      server.close()
    }
  },
  90_000,
)

test.each([
  ['relative', () => 'config'],
  ['absolute', ({directory}: StackSite) => join(directory, 'config')],
])('DOCKER_CONFIG selects its context by its %s path', async (_, configOf) => {
  await using site = await StackSite.open(SECRETS)
  const docker = (...args: string[]) =>
    execa('docker', ['--config', 'config', 'context', ...args], {cwd: site.directory})
  await docker('create', 'elsewhere', '--docker', 'host=tcp://127.0.0.1:1')
  await docker('use', 'elsewhere')
  const run = await site.run('env:down --profile stage --json', {env: {DOCKER_CONFIG: configOf(site)}})
  expect(errorOf(run)).toMatchObject({
    code: 'engine-missing',
    message: 'cannot connect to Docker Engine at tcp://127.0.0.1:1',
  })
})

test('a relative socket in DOCKER_HOST reaches its engine', async () => {
  await using site = await StackSite.open(SECRETS)
  await symlink('/var/run/docker.sock', join(site.directory, 'docker.sock'))
  const {stdout} = await site.succeed('env:down --profile stage', {
    env: {DOCKER_HOST: 'unix://docker.sock'},
  })
  expect(stdout).toContain('nothing was changed')
})

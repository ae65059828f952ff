import {once} from 'node:events'
import {createServer} from 'node:net'
import {join} from 'node:path'
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

import {access, mkdir} from 'node:fs/promises'
import {delimiter, join} from 'node:path'
import {expect, test} from 'vitest'
import {errorOf} from '../helpers/cli.js'
import {EmbeddedSite} from '../helpers/embedded.js'
import {docker} from '../helpers/stack.js'

/** Opens a site from which Docker Engine can be reached. */
const withDocker = (env: NodeJS.ProcessEnv = {}): Promise<EmbeddedSite> =>
  EmbeddedSite.open({DOCKER_HOST: process.env.DOCKER_HOST, ...env})

test('the embedded engine can be selected despite available Docker', async () => {
  await using site = await withDocker()
  expect((await site.run('env:up --engine embedded --service postgres')).exitCode).toBe(0)
  expect((await site.status()).engine).toBe('embedded')
  const other = await site.run('env:up --engine compose --service postgres --json')
  expect(errorOf(other).message).toBe(`${site.env.AQUASTREAM_PROJECT} is running on the embedded engine`)
  // When the stack is stopped, compose is the default engine again, but the data of the embedded engine is still found.
  await site.run('env:down')
  const run = await site.run('env:down --volumes --yes')
  expect(run.stdout).toContain(`Its data was deleted: ${join(site.home, 'postgres')}.`)
  await expect(access(site.home)).rejects.toThrow('ENOENT')
})

test('a first start on Docker mentions data of embedded', async () => {
  await using site = await withDocker()
  await site.run('env:up --engine embedded --service postgres')
  await site.run('env:down')
  await site.write('my.env', '')
  const words = "dev starts empty on Docker; the embedded engine's data is kept"
  const first = await site.run('env:up --service postgres --env-file my.env')
  expect(first.exitCode, first.stderr).toBe(0)
  expect(first.stderr).toContain(
    `${words}: aquastream env:up --env-file my.env --profile dev --engine embedded\n`,
  )
  expect((await site.run('env:up --service postgres')).stderr).not.toContain(words)
  await site.run('env:down --volumes --yes')
})

test('MinIO runs with its bucket if it is installed', async () => {
  await using site = await withDocker()
  const bin = join(site.directory, 'bin')
  await mkdir(bin)
  const container = await docker('create', 'quay.io/minio/minio:RELEASE.2025-09-07T16-13-09Z', 'none')
  await docker('cp', '--follow-link', `${container}:/usr/bin/minio`, bin)
  await docker('rm', container)
  const env = {PATH: [bin, site.env.PATH].join(delimiter)}
  const run = await site.run('env:up --engine embedded --service media', {env})
  expect(run.exitCode, run.stderr).toBe(0)
  expect(run.stdout).toMatch(/^minio +running +healthy +http:\/\/127\.0\.0\.1:\d+ +minio \S+$/m)
  const health = await fetch(`http://127.0.0.1:${site.env.MEDIA_PORT}/actuator/health`)
  expect(await health.json()).toMatchObject({components: {s3: {status: 'UP'}}})
})

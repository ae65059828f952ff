import {chmod, chown, mkdtemp, readdir, rm} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join, resolve} from 'node:path'
import {execa} from 'execa'
import {expect, test} from 'vitest'
import type {UpReport} from '../../src/env/up.js'
import {openEngineProxy} from '../helpers/engine-proxy.js'
import {StackSite} from '../helpers/stack.js'

const ROOT = resolve(import.meta.dirname, '../..')
const NOBODY = 65_534

test.skipIf(process.getuid?.() !== 0)('an installed package can be used by another user', async () => {
  await using place = await openPlace()
  const installed = await install(place.directory)
  const files = await readdir(installed, {recursive: true})
  await using engine = await openEngineProxy()
  await chmod(engine.path, 0o666)
  await using site = await StackSite.open({BACKEND_VERSION: 'not-on-this-machine'})
  const options = {
    cli: join(installed, 'bin/run.js'),
    cwd: place.directory,
    user: NOBODY,
    env: {HOME: place.directory, XDG_STATE_HOME: place.directory, DOCKER_HOST: `unix://${engine.path}`},
  }
  const up = await site.run('env:up --profile dev --service gateway --json', options)
  expect(up.exitCode, up.stdout + up.stderr).toBe(0)
  expect((JSON.parse(up.stdout) as UpReport).services.at(-1)).toMatchObject({service: 'gateway', stub: true})
  expect((await site.run('logs gateway --tail 1', options)).stdout).toContain('gateway')
  expect((await site.run('env:down --volumes --yes', options)).exitCode).toBe(0)
  expect(await readdir(installed, {recursive: true})).toEqual(files)
})

test('the tarball contains exactly the files to be published', async () => {
  const {stdout} = await execa('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {cwd: ROOT})
  const [tarball] = JSON.parse(stdout) as {size: number; files: {path: string}[]}[]
  // See docs/decisions/2026-11-28-small-stubs.md.
  expect(tarball!.size).toBeLessThanOrEqual(900_000)
  const files = tarball!.files.map(({path}) => path)
  expect(files).toEqual(
    expect.arrayContaining([
      '.env.example',
      'bin/run.js',
      'dist/commands/env/up.js',
      'infra/compose/docker-compose.yml',
      'infra/postgres/Dockerfile',
      'infra/stubs/Dockerfile',
      'infra/stubs/docs/index.html',
      'infra/stubs/docs/openapi-explorer.min.js.LICENSE.txt',
      'infra/stubs/docs/openapi-explorer.min.js.br',
      'infra/stubs/openapi/user.yaml',
      'infra/stubs/server.js',
      'make/Makefile',
      'oclif.manifest.json',
    ]),
  )
  expect(files.filter(path => /^(src|stubs|test|scripts|bench)\//.test(path))).toEqual([])
})

/** A directory that the user nobody owns. */
async function openPlace(): Promise<AsyncDisposable & {directory: string}> {
  const directory = await mkdtemp(join(tmpdir(), 'aquastream-installed-'))
  await chmod(directory, 0o755)
  await chown(directory, NOBODY, NOBODY)
  return {directory, [Symbol.asyncDispose]: () => rm(directory, {recursive: true, force: true})}
}

async function install(directory: string): Promise<string> {
  const pack = ['pack', '--ignore-scripts', '--json', '--pack-destination', directory]
  const {stdout} = await execa('npm', pack, {cwd: ROOT})
  const {filename} = (JSON.parse(stdout) as {filename: string}[])[0]!
  await execa('npm', [
    'install',
    '--prefix',
    directory,
    '--no-save',
    '--prefer-offline',
    join(directory, filename),
  ])
  return join(directory, 'node_modules', 'aquastream')
}

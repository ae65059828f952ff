import {chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join, resolve} from 'node:path'
import {expect, test} from 'vitest'
import type {BundleReport} from '../../src/support/bundle.js'
import {unpack} from '../helpers/bundle.js'
import {errorOf, type Run, type Site} from '../helpers/cli.js'
import {canMount, mountSmallDisk} from '../helpers/small-disk.js'
import {NOBODY, NO_DOCKER, siteWithoutDocker, whyNotAs} from './site.js'

const ROOT = resolve(import.meta.dirname, '../..')
const CANARY = 'canary-4f1c9a7e52d84b60aa31'
const bundle = (site: Site, file = 'report.tar.gz', more = ''): Promise<Run> =>
  site.run(`logs --json --bundle ${file} ${more}`)

test('without an engine, a bundle contains the other files', async () => {
  await using site = await siteWithoutDocker()
  const run = await bundle(site, 'report.tar.gz', '--profile prod')
  expect(run.exitCode, run.stdout).toBe(0)
  const {path, files, missing} = JSON.parse(run.stdout) as BundleReport
  expect(path).toBe(join(site.directory, 'report.tar.gz'))
  const names = ['README.txt', 'versions.json', 'settings.json', 'backups.json']
  expect(files.map(file => file.path)).toEqual(names)
  expect(missing).toEqual([{what: 'services and their logs', why: NO_DOCKER.message}])
  const unpacked = await unpack(path)
  expect([...unpacked.keys()].toSorted()).toEqual(names.map(name => `report/${name}`).toSorted())
  expect(unpacked.get('report/README.txt')).toContain(`services and their logs  ${NO_DOCKER.message}`)
})

test('a stack that is not running is reported as missing', async () => {
  await using site = await siteWithoutDocker()
  const {missing} = JSON.parse((await bundle(site)).stdout) as BundleReport
  expect(missing).toEqual([{what: 'services and their logs', why: 'aquastream-dev is not running'}])
})

test('the archive is private and no other file remains', async () => {
  await using site = await siteWithoutDocker()
  await bundle(site)
  expect((await stat(join(site.directory, 'report.tar.gz'))).mode & 0o777).toBe(0o600)
  expect(await readdir(site.directory)).toEqual(['report.tar.gz'])
})

test('a secret in a harmless setting is masked and counted', async () => {
  await using site = await siteWithoutDocker()
  await site.write('.env.prod', `JWT_SECRET=${CANARY}\nBACKEND_JAVA_OPTIONS=-Dkey=${CANARY}\n`)
  await site.write('.env', `IMAGE_PREFIX=registry/${CANARY}/\n`)
  const run = await bundle(site)
  const {path, masked} = JSON.parse(run.stdout) as BundleReport
  expect(masked).toEqual({JWT_SECRET: 1})
  const text = (await unpack(path)).get('report/settings.json')
  expect(text).toContain('"value": "registry/[masked JWT_SECRET]/"')
})

test('a secret that masking missed prevents the archive', async () => {
  await using site = await siteWithoutDocker()
  await site.write('.env', `JWT_SECRET=${CANARY}\nIMAGE_PREFIX=registry/${CANARY}/\n`)
  await using broken = await copyWithoutMasks()
  const run = await site.run('logs --bundle report.tar.gz --json', {cli: broken.cli})
  expect(run.exitCode).toBe(1)
  expect(errorOf(run)).toEqual({
    code: 'secret-shown',
    exitCode: 1,
    message: 'nothing was written, because settings.json would reveal JWT_SECRET',
    hint: 'this is a bug in the masking: report the names, but not the values',
  })
  expect(run.stdout + run.stderr).not.toContain(CANARY)
  expect(await readdir(site.directory)).toEqual(['.env'])
})

test('a password that two words of the bundle spell is no leak', async () => {
  await using site = await siteWithoutDocker()
  // README.txt contains "profile dev".
  await site.write('.env', 'POSTGRES_PASSWORD=profiledev\n')
  const run = await bundle(site)
  expect(run.exitCode, run.stdout).toBe(0)
})

test('an existing file is never overwritten by a bundle', async () => {
  await using site = await siteWithoutDocker()
  await site.write('report.tgz', 'precious')
  const run = await bundle(site, 'report.tgz')
  expect(run.exitCode).toBe(9)
  expect(errorOf(run)).toMatchObject({
    message: `${join(site.directory, 'report.tgz')} already exists and is not overwritten`,
    hint: 'specify a file that does not exist yet',
  })
  expect(await readFile(join(site.directory, 'report.tgz'), 'utf8')).toBe('precious')
})

test.each([
  ['report.zip', 2, 'does not end with .tar.gz or .tgz'],
  ['no/such/report.tar.gz', 3, 'cannot be written: its directory does not exist'],
  ['file/report.tar.gz', 3, 'cannot be written: part of the path is a file, not a directory'],
  ['directory.tar.gz', 9, 'is a directory'],
])('a support bundle cannot be written to %s', async (file, exitCode, words) => {
  await using site = await siteWithoutDocker()
  await site.write('file', '')
  await mkdir(join(site.directory, 'directory.tar.gz'))
  const run = await bundle(site, file)
  expect(run.exitCode).toBe(exitCode)
  expect(errorOf(run).message).toBe(`${join(site.directory, file)} ${words}`)
})

test('the hint creates the missing directory of a bundle', async () => {
  await using site = await siteWithoutDocker()
  expect(errorOf(await bundle(site, 'no/such/report.tar.gz')).hint).toBe(
    `specify a file in a writable directory; create its directory: mkdir -p ${join(site.directory, 'no/such')}`,
  )
})

test('a bundle needs a directory that the user can write', async ({skip}) => {
  const reason = await whyNotAs(NOBODY)
  skip(reason !== undefined, reason)
  await using site = await siteWithoutDocker()
  await chmod(site.directory, 0o555)
  const run = await site.run('logs --bundle report.tar.gz --json', {user: NOBODY, env: {HOME: '/'}})
  expect(run.exitCode).toBe(3)
  expect(errorOf(run)).toMatchObject({
    code: 'file-unwritable',
    message: `${join(site.directory, 'report.tar.gz')} cannot be written: permission denied`,
  })
})

test.skipIf(!canMount)('a full disk leaves no partial bundle behind', async () => {
  await using site = await siteWithoutDocker()
  await using disk = await mountSmallDisk(join(site.directory, 'disk'), 8192)
  await writeFile(join(disk.path, 'filler'), Buffer.alloc(8192))
  const run = await bundle(site, 'disk/report.tar.gz')
  expect(run.exitCode).toBe(3)
  expect(errorOf(run)).toMatchObject({
    code: 'disk-full',
    message: `not enough disk space for ${disk.path}/report.tar.gz`,
  })
  expect(await readdir(disk.path)).toEqual(['filler'])
})

test('a support bundle cannot be combined with --follow', async () => {
  await using site = await siteWithoutDocker()
  const run = await bundle(site, 'report.tar.gz', '--follow')
  expect(run.exitCode).toBe(2)
  expect(errorOf(run).code).toBe('usage')
})

test('a bundle of an unknown service is rejected', async () => {
  await using site = await siteWithoutDocker()
  const run = await site.run('logs usr --bundle report.tar.gz --json')
  expect(run.exitCode).toBe(10)
  expect(errorOf(run).hint).toContain('did you mean user?')
})

/** Creates a copy of the CLI whose masking does nothing. */
async function copyWithoutMasks(): Promise<AsyncDisposable & {cli: string}> {
  const directory = await mkdtemp(join(tmpdir(), 'aquastream-unmasked-'))
  for (const name of ['bin', 'dist', 'package.json', 'oclif.manifest.json'])
    await cp(join(ROOT, name), join(directory, name), {recursive: true})
  await symlink(join(ROOT, 'node_modules'), join(directory, 'node_modules'))
  const path = join(directory, 'dist/system/mask/mask.js')
  const code = await readFile(path, 'utf8')
  await writeFile(path, code.replace(/return cover\(.*\);/, 'return {text, counts: new Map()};'))
  return {
    cli: join(directory, 'bin/run.js'),
    [Symbol.asyncDispose]: () => rm(directory, {recursive: true}),
  }
}

import {existsSync} from 'node:fs'
import {readdir, rm, symlink, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {describe, expect, test} from 'vitest'
import {errorOf, Site} from '../helpers/cli.js'
import {idAgo, writeSet} from '../helpers/sets.js'
import {canMount, mountReadOnly, mountSmallDisk} from '../helpers/small-disk.js'
import {inShell, siteWithoutDocker} from './site.js'

describe('a leading ~', () => {
  test.each([
    ['BACKUP_DIR in a settings file', 'db:list --profile dev --json', '.env.dev'],
    ['BACKUP_DIR in a file of --env-file', 'db:list --profile dev --json --env-file=~/mine.env', 'mine.env'],
    ['--dir', 'db:list --profile dev --json --dir=~/bk', 'none'],
  ])('of %s is the home directory', async (_, words, file) => {
    await using site = await siteWithoutDocker()
    await site.write(file, 'BACKUP_DIR=~/bk\n')
    const {stdout} = await site.run(words)
    expect(JSON.parse(stdout)).toMatchObject({directory: join(site.directory, 'bk', 'dev')})
    expect(await readdir(site.directory)).not.toContain('~')
  })

  test('of --file and --bundle is the home directory', async () => {
    await using site = await siteWithoutDocker()
    const url = '--database-url postgresql://nobody@127.0.0.1:1/none'
    const restore = await site.run(`db:restore --schema user --file=~/none.sql ${url} --json`)
    expect(errorOf(restore).message).toContain(join(site.directory, 'none.sql'))
    const bundle = await site.run('logs --profile dev --bundle=~/none/b.tar.gz --json')
    expect(errorOf(bundle).message).toContain(join(site.directory, 'none/b.tar.gz'))
  })

  test('with the name of another user is rejected', async () => {
    await using site = await siteWithoutDocker()
    await site.write('.env.dev', 'BACKUP_DIR=~root/bk\n')
    expect(errorOf(await site.run('db:list --profile dev --json'))).toEqual({
      code: 'usage',
      exitCode: 2,
      message: '~root/bk refers to the home directory of another user, which is not supported',
      hint: 'write the full path, or ./~root/bk for a name that begins with ~',
    })
    const {exitCode, stderr} = await site.run('db:list --profile dev --dir=~root/bk')
    expect(exitCode).toBe(2)
    expect(stderr).toContain('~root/bk refers to the home directory of another user, which is not supported')
  })
})

describe('a state directory that cannot be created', () => {
  test.each([
    ['in a file system without directories', '/proc', 'its file system does not accept new directories'],
    ['behind a dangling link', 'dangling', 'it is a symbolic link to something that does not exist'],
    ['behind a file', 'file', 'part of the path is a file, not a directory'],
  ])('%s is reported in one sentence', async (_, home, reason) => {
    await using site = await siteWithoutDocker()
    await symlink('nowhere', join(site.directory, 'dangling'))
    await writeFile(join(site.directory, 'file'), '')
    const env = {XDG_STATE_HOME: undefined, HOME: join(home === '/proc' ? '/' : site.directory, home)}
    const run = await site.run('env:up --engine compose --profile dev --json', {env})
    expect(errorOf(run)).toMatchObject({code: 'state-directory', exitCode: 3})
    expect(errorOf(run).message).toMatch(new RegExp(`cannot be created: ${reason}$`))
  })

  test.skipIf(!canMount)('on a read-only disk is reported as read-only', async () => {
    await using site = await siteWithoutDocker()
    await using disk = await mountReadOnly(join(site.directory, 'disk'))
    const env = {XDG_STATE_HOME: join(disk.path, 'a', 'b')}
    const run = await site.run('env:up --engine compose --profile dev --json', {env})
    expect(errorOf(run).message).toMatch(/cannot be created: the file system is read-only$/)
  })
})

test.skipIf(!canMount)('the hint for a full disk names an existing directory', async () => {
  await using site = await siteWithoutDocker({AQUASTREAM_PROFILE: 'dev'})
  await using disk = await mountSmallDisk(join(site.directory, 'disk'), 1024 ** 2, 20)
  const id = idAgo(1)
  await writeSet(join(disk.path, 'dev'), id)
  await fillWithFiles(disk.path)
  const run = await site.run(`db:pin ${id} --dir ${disk.path} --json`)
  const {code, hint} = errorOf(run)
  expect(code).toBe('disk-full')
  const [, named] = /du -sh (\S+)$/.exec(hint) ?? []
  expect(existsSync(named!), hint).toBe(true)
})

/** Creates empty files until the disk is full, except for the lock of a command. */
async function fillWithFiles(directory: string): Promise<void> {
  const paths: string[] = []
  try {
    for (;;) {
      paths.push(join(directory, `filler-${paths.length}`))
      await writeFile(paths.at(-1)!, '')
    }
  } catch {
    for (const path of paths.slice(-3, -1)) await rm(path)
  }
}

test.each([
  '',
  '--help',
  '--version',
  'env:status',
  'env:init --profile stage',
  'db:list',
  'db:list --json',
  'nope',
])('in a deleted directory, "%s" fails and changes nothing', async words => {
  await using site = await Site.open()
  const run = await inShell(site, `mkdir gone; cd gone; rmdir ../gone; aquastream ${words}`)
  const message = 'the current directory no longer exists'
  const hint = 'change to another directory, then run the command again: cd ~'
  if (words.endsWith('--json'))
    expect(errorOf(run)).toEqual({code: 'working-directory', exitCode: 3, message, hint})
  else expect(run).toEqual({exitCode: 3, stdout: '', stderr: `error: ${message}\nhint: ${hint}`})
})

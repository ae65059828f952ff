import {existsSync, watch} from 'node:fs'
import {chmod, mkdtemp, readdir, readFile, utimes, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {expect, test} from 'vitest'
import {errorOf} from '../helpers/cli.js'
import {canMount, mountSmallDisk} from '../helpers/small-disk.js'
import {NOBODY, siteWithoutDocker, whyNotAs} from './site.js'

test('only one of several concurrent runs writes the file', async () => {
  await using site = await siteWithoutDocker()
  const runs = await Promise.all([1, 2, 3].map(() => site.run('env:init --profile stage')))
  expect(runs.map(({exitCode}) => exitCode).sort()).toEqual([0, 9, 9])
  expect(await readdir(site.directory)).toEqual(['.env.stage'])
})

test('a killed run never leaves a partial file', async () => {
  await using site = await siteWithoutDocker()
  await site.run('env:init --profile stage --env-file whole')
  const namesIn = async (file: string): Promise<string[]> =>
    (await readFile(file, 'utf8')).match(/^#?\w+=/gm)!
  const whole = await namesIn(join(site.directory, 'whole'))
  // An interrupted run ends at one of the changes that it makes to the directory: the draft, its name, its removal.
  for (const changes of [1, 1, 1, 2, 2, 3, 3, 4]) {
    const cwd = await mkdtemp(join(site.directory, 'killed-'))
    const running = site.start('env:init --profile stage', {cwd})
    let seen = 0
    const watcher = watch(cwd, () => {
      if (++seen === changes) running.kill('SIGKILL')
    })
    await running.ended
    watcher.close()
    const file = join(cwd, '.env.stage')
    if (existsSync(file)) expect(await namesIn(file)).toEqual(whole)
    else expect((await site.run('env:init --profile stage', {cwd})).exitCode).toBe(0)
  }
}, 120_000)

test('the next run removes drafts of killed runs', async () => {
  await using site = await siteWithoutDocker()
  const draft = join(site.directory, '.env.stage.draft-0123456789ab')
  await writeFile(draft, 'JWT_SECRET=x\n')
  await utimes(draft, new Date(0), new Date(0))
  await site.write('.env.stage.draft', '')
  await site.run('env:init --profile stage')
  expect((await readdir(site.directory)).sort()).toEqual(['.env.stage', '.env.stage.draft'])
})

test('a full disk leaves no file behind', async ({skip}) => {
  skip(!canMount, 'needs root to mount')
  await using site = await siteWithoutDocker()
  await using disk = await mountSmallDisk(join(site.directory, 'small'), 4096)
  const run = await site.run('env:init --profile stage --json', {cwd: disk.path})
  expect(run.exitCode).toBe(3)
  expect(errorOf(run)).toEqual({
    code: 'disk-full',
    exitCode: 3,
    message: 'not enough disk space for .env.stage; nothing was written',
    hint: 'free disk space, then run the command again',
  })
  expect(await readdir(disk.path)).toEqual([])
})

test('a directory without write permission is named in the error', async ({skip}) => {
  const reason = await whyNotAs(NOBODY)
  skip(reason !== undefined, reason)
  await using site = await siteWithoutDocker()
  await chmod(site.directory, 0o555)
  const run = await site.run('env:init --profile stage', {user: NOBODY})
  expect(run).toEqual({
    exitCode: 3,
    stdout: '',
    stderr:
      'error: .env.stage cannot be written: permission denied\n' +
      'hint: change to a writable directory, or specify a file in one: --env-file PATH',
  })
})

test('a directory that does not exist is reported as missing', async () => {
  await using site = await siteWithoutDocker()
  const run = await site.run('env:init --env-file nowhere/dev.env --json')
  expect(errorOf(run)).toMatchObject({
    code: 'settings-unwritable',
    message: 'nowhere/dev.env cannot be written: its directory does not exist',
  })
})

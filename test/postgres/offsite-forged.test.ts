import {mkdir, readdir, readFile, rename, rm, symlink, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {beforeEach, describe, expect, test} from 'vitest'
import type {OffsiteListReport} from '../../src/offsite/list.js'
import {report} from '../helpers/backups.js'
import {OffsiteSite, resticPrograms} from '../helpers/restic.js'
import {idAgo, writeSet} from '../helpers/sets.js'

const programs = [...resticPrograms().values()].at(-1)

describe.skipIf(programs === undefined)('a snapshot that somebody else made', () => {
  let site: OffsiteSite
  beforeEach(async () => {
    site = await OffsiteSite.with(programs!)
    await site.createRepository()
    return () => site[Symbol.asyncDispose]()
  })

  const tags = (id: string): string =>
    `content=set,set=${id},bytes=1,project=aquastream-dev,profile=dev,kind=backup,database=d,schema=user`

  /** Stores what `fill` writes to a directory as if it were a backup. */
  async function forge(id: string, fill: (directory: string) => Promise<void>): Promise<void> {
    const source = join(site.directory, 'forged')
    await mkdir(source)
    await fill(source)
    await site.tryRestic(['backup', '--tag', tags(id), '.'], source)
  }

  const FORGERIES: Record<string, (directory: string, id: string) => Promise<void>> = {
    'a symbolic link': async directory => symlink('/etc', join(directory, 'manifest.json')),
    'a directory': async directory => mkdir(join(directory, 'user.sql.gz')),
    'a control sequence': async directory => writeFile(join(directory, 'a\u001B]0;owned\u0007b'), ''),
    'a file that its manifest does not list': async (directory, id) => {
      const set = await writeSet(join(directory, '..', 'elsewhere'), id)
      for (const name of await readdir(set)) await rename(join(set, name), join(directory, name))
      await writeFile(join(directory, '.bashrc'), 'echo owned')
    },
    'another backup': async (directory, id) => {
      const set = await writeSet(join(directory, '..', 'elsewhere'), idAgo(40))
      for (const name of await readdir(set)) await rename(join(set, name), join(directory, name))
      expect(id).not.toBe(idAgo(40))
    },
  }
  test.each(Object.keys(FORGERIES))('with %s is refused', async name => {
    const id = idAgo(2)
    await forge(id, directory => FORGERIES[name]!(directory, id))
    const run = await site.run(`offsite:pull ${id}`)
    expect(run).toMatchObject({exitCode: 7})
    expect(run.stdout + run.stderr).not.toMatch(/(?!\n)\p{Cc}/u)
    expect(await readdir(site.backups)).toEqual(['.offsite'])
  })

  test.each([
    {when: 'now', on: 'this machine', more: []},
    {when: 'before the real one', on: 'this machine', more: ['--time', '2020-01-01 00:00:00']},
    {when: 'now', on: 'a new machine', more: []},
  ])('$when does not replace a backup on $on', async ({on, more}) => {
    const id = idAgo(2)
    const set = await writeSet(site.backups, id, {label: 'real'})
    await report(site, ['offsite:push'])
    const [{tags: real}] = JSON.parse(await site.restic('snapshots', '--json')) as [{tags: string[]}]
    const forged = await writeSet(join(site.directory, 'elsewhere'), id, {label: 'forged'})
    await site.tryRestic(['backup', ...more, '--tag', real.join(','), '.'], forged)
    await rm(on === 'this machine' ? set : site.backups, {recursive: true})
    const run = await site.run(`offsite:pull ${id}`)
    expect(run.stderr).toContain(`backup ${id} has 2 snapshots, made at `)
    expect(JSON.parse(await readFile(join(set, 'manifest.json'), 'utf8'))).toMatchObject({label: 'real'})
  })

  test('with false tags is counted and not used', async () => {
    const set = await writeSet(site.backups, idAgo(3))
    await report(site, ['offsite:push'])
    for (const wrong of ['../../../etc', '20261399T000000Z'])
      await site.tryRestic(['backup', '--tag', tags(wrong), '.'], set)
    const {unknown, snapshots} = await report<OffsiteListReport>(site, ['offsite:list'])
    expect({unknown: unknown.length, ours: snapshots.length}).toEqual({unknown: 2, ours: 1})
  })
})

import {existsSync} from 'node:fs'
import {readdir, readFile, rm, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {beforeEach, describe, expect, onTestFinished, test} from 'vitest'
import type {PushReport} from '../../src/offsite/push.js'
import type {OffsiteRotationReport} from '../../src/offsite/rotate.js'
import {failure, listTree, report} from '../helpers/backups.js'
import {errorOf} from '../helpers/cli.js'
import {descendants, killNow} from '../helpers/crash-site.js'
import {has} from '../helpers/guide.js'
import {flipBit, OffsiteSite, packsOf, resticPrograms, until} from '../helpers/restic.js'
import {startRestServer} from '../helpers/rest-server.js'
import {idAgo, writeSet} from '../helpers/sets.js'

const DAY = 24

describe.each([...resticPrograms()])('the rotation with restic %s', (_version, programs) => {
  let site: OffsiteSite
  beforeEach(async () => {
    site = await OffsiteSite.with(programs)
    return () => site[Symbol.asyncDispose]()
  })

  const KEEP_ONE = ['--keep-daily', '1', '--keep-weekly', '0', '--keep-monthly', '0']
  const rotate = (...words: string[]): Promise<OffsiteRotationReport> =>
    report(site, ['offsite:rotate', ...words])
  const push = (): Promise<PushReport> => report(site, ['offsite:push'])
  const idsIn = async (): Promise<string[]> =>
    (JSON.parse(await site.restic('snapshots', '--json')) as {tags: string[]}[])
      .map(({tags}) => tags.find(tag => tag.startsWith('set='))!.slice(4))
      .sort()

  /** Pushes backups of these ages in hours, and returns their IDs, the oldest first. */
  async function pushed(...hours: number[]): Promise<string[]> {
    const ids = hours.map(idAgo)
    for (const id of ids) await writeSet(site.backups, id)
    await site.createRepository()
    await push()
    return ids.sort()
  }

  /** Another machine that uses the same repository, and has no backups yet. */
  async function openMachine(repository = site.repository): Promise<OffsiteSite> {
    const machine = await OffsiteSite.with(programs, {OFFSITE_REPOSITORY: repository})
    onTestFinished(() => machine[Symbol.asyncDispose]())
    return machine
  }

  test('deletes what the policy does not keep', async () => {
    const [old, pinned, newest] = await pushed(5 * DAY, 3 * DAY, 1)
    await report(site, ['db:pin', pinned!])
    const before = await listTree(site.repository)
    expect(await rotate(...KEEP_ONE, '--dry-run')).toMatchObject({
      dryRun: true,
      kept: [{id: newest}, {id: pinned, reasons: [{rule: 'pinned'}]}],
      deleted: [{id: old}],
    })
    expect(await listTree(site.repository)).toEqual(before)
    expect(await rotate(...KEEP_ONE)).toMatchObject({dryRun: false, deleted: [{id: old}]})
    expect(await idsIn()).toEqual([pinned, newest])
    expect(await rotate(...KEEP_ONE)).toMatchObject({deleted: []})
  })

  test('a pin made after the push holds on every machine', async () => {
    const [pinned, newest] = await pushed(3 * DAY, 1)
    const [listing, pulling, fresh] = [await openMachine(), await openMachine(), await openMachine()]
    await report(listing, ['offsite:list'])
    await report(pulling, ['offsite:pull', pinned!])
    await report(site, ['db:pin', pinned!])
    const first = await push()
    const second = await push()
    await report(site, ['db:unpin', pinned!])
    const third = await push()
    for (const machine of [listing, pulling, fresh, site])
      expect(await report(machine, ['offsite:rotate', ...KEEP_ONE])).toMatchObject({
        kept: [{id: newest}, {id: pinned, reasons: [{rule: 'pinned'}]}],
        deleted: [],
        ignored: [],
      })
    expect([first, second, third]).toMatchObject([
      {pushed: [{id: pinned}]},
      {pushed: [], present: 2},
      {pushed: [], present: 2},
    ])
    await report(fresh, ['offsite:pull', pinned!])
    expect(await report(fresh, ['db:list'])).toMatchObject({sets: [{id: pinned, pinned: true}]})
  })

  test('a snapshot with a false date is neither counted nor deleted', async () => {
    const [real] = await pushed(30)
    const forged = [idAgo(2 * DAY), idAgo(-3 * DAY)]
    for (const id of forged)
      await site.tryRestic(
        [
          'backup',
          '--tag',
          `content=set,set=${id},bytes=1,project=aquastream-dev,profile=dev,kind=backup,database=aquastream,${SCHEMAS}`,
          '.',
        ],
        site.backups,
      )
    const report = await rotate(...KEEP_ONE)
    expect(report.kept.map(({id}) => id)).toEqual([real])
    expect(report.deleted).toEqual([])
    expect(report.ignored.map(({id}) => id).sort()).toEqual([...forged].sort())
    expect(await idsIn()).toHaveLength(3)
  })

  /** Saves media that belong to a backup. */
  async function saveMedia(id: string): Promise<void> {
    const tags = `content=media,set=${id},project=aquastream-dev,profile=dev`
    await site.tryRestic(['backup', '--tag', tags, '.'], join(site.backups, id))
  }

  /** The ID of the snapshot of a backup. */
  async function snapshotOf(id: string): Promise<string> {
    const listed = JSON.parse(await site.restic('snapshots', '--json', '--tag', `content=set,set=${id}`)) as {
      id: string
    }[]
    return listed[0]!.id
  }

  test('a snapshot that cannot be read stops the rotation before it deletes', async () => {
    const [, newest] = await pushed(5 * DAY, 1)
    await saveMedia(newest!)
    const before = await readdir(join(site.repository, 'snapshots'))
    const damaged = await snapshotOf(newest!)
    await flipBit(join(site.repository, 'snapshots', damaged))
    // Its restic has no copy of the snapshot.
    const machine = await openMachine()
    for (const words of [['--dry-run'], []])
      expect(await failure(machine, 'offsite:rotate', ...KEEP_ONE, ...words)).toEqual({
        code: 'offsite-damaged',
        exitCode: 7,
        message: `snapshots in the off-site repository ${site.repository} cannot be read: ${damaged.slice(0, 8)}`,
        hint: 'see what is damaged: aquastream offsite:check; the other backups can be pulled',
      })
    expect(await readdir(join(site.repository, 'snapshots'))).toEqual(before)
  })

  test('a repository that lacks data is refused before anything is deleted', async () => {
    await pushed(5 * DAY, 1)
    await rm((await packsOf(site.repository))[0]!)
    const before = await listTree(site.repository)
    expect(await failure(site, 'offsite:rotate', ...KEEP_ONE)).toMatchObject({
      code: 'offsite-damaged',
      exitCode: 7,
    })
    expect(await listTree(site.repository)).toEqual(before)
  })

  test('media whose backup is gone are shown and deleted', async () => {
    const [old] = await pushed(5 * DAY, 1)
    await saveMedia(old!)
    await site.restic('forget', await snapshotOf(old!))
    const orphans = [{store: 'media', id: old}]
    expect(await rotate(...KEEP_ONE, '--dry-run')).toMatchObject({deleted: [], orphans})
    const {stdout} = await site.run(['offsite:rotate', ...KEEP_ONE])
    expect(stdout).toContain(`Deleted as well, because their backup is gone: media of ${old}.`)
    expect(await rotate(...KEEP_ONE)).toMatchObject({deleted: [], orphans: []})
    expect(await idsIn()).not.toContain(old)
  })

  test('another snapshot with the same ID deletes nothing', async () => {
    const ids = await pushed(5 * DAY, 1)
    const tags = `content=set,set=${ids[1]},bytes=1,project=aquastream-dev,profile=dev,kind=backup,database=aquastream`
    await site.tryRestic(['backup', '--tag', tags, '.'], site.backups)
    const {ignored, deleted} = await rotate(...KEEP_ONE)
    expect(deleted).toEqual([])
    expect(ignored).toMatchObject([
      {id: ids[1], why: 'tags'},
      {id: ids[1], why: 'tags'},
    ])
    expect(await idsIn()).toEqual([ids[0], ids[1], ids[1]])
  })

  test('a lock of another machine is reported as busy', async () => {
    await pushed(5 * DAY, 1)
    const {PATH} = await site.detour(
      `case "$1" in forget) echo 'Fatal: unable to create lock in backend: repository is already locked by PID 1 on elsewhere' >&2; exit 1 ;; esac`,
    )
    const run = await site.run(['offsite:rotate', ...KEEP_ONE, '--json'], {env: {PATH}})
    expect(errorOf(run)).toMatchObject({code: 'busy', exitCode: 8})
  })

  test('the prune of an interrupted rotation is done later', async () => {
    const [old] = await pushed(5 * DAY, 1)
    const {PATH} = await site.detour(
      `echo "$1" >>${site.directory}/calls; case "$1" in prune) [ -e ${site.directory}/again ] || exit 1 ;; esac`,
    )
    const options = {env: {PATH}}
    const words = ['offsite:rotate', ...KEEP_ONE, '--json']
    expect((await site.run(words, options)).exitCode).not.toBe(0)
    expect(await idsIn()).not.toContain(old)
    await writeFile(join(site.directory, 'again'), '')
    expect((await site.run(words, options)).exitCode).toBe(0)
    expect((await site.run(words, options)).exitCode).toBe(0)
    const calls = (await readFile(join(site.directory, 'calls'), 'utf8')).split('\n')
    expect(calls.filter(call => call === 'prune')).toHaveLength(2)
  })

  test.skipIf(!has('restic-rest-server'))(
    'an append-only repository refuses the rotation, not the push',
    async () => {
      await using server = await startRestServer(site, ['--append-only'])
      site.env.OFFSITE_REPOSITORY = server.repository
      const [old, newest] = await pushed(3 * DAY, 1)
      expect(await failure(site, 'offsite:rotate', ...KEEP_ONE)).toMatchObject({
        code: 'refused',
        exitCode: 9,
        message: `the off-site repository ${server.repository} did not remove a snapshot`,
      })
      expect(await idsIn()).toEqual([old, newest])
      // The trusted machine reaches the same repository with the right to delete.
      site.env.OFFSITE_REPOSITORY = server.directory
      expect(await rotate(...KEEP_ONE)).toMatchObject({deleted: [{id: old}]})
    },
  )

  test.skipIf(!has('restic-rest-server'))('an append-only repository takes a late pin once', async () => {
    await using server = await startRestServer(site, ['--append-only'])
    site.env.OFFSITE_REPOSITORY = server.repository
    const [old, pinned, newest] = await pushed(5 * DAY, 3 * DAY, 1)
    const trusted = await openMachine(server.directory)
    await report(trusted, ['offsite:list'])
    await report(site, ['db:pin', pinned!])
    expect(await push()).toMatchObject({pushed: [{id: pinned}]})
    expect(await push()).toMatchObject({pushed: []})
    expect(await report(trusted, ['offsite:rotate', ...KEEP_ONE])).toMatchObject({
      kept: [{id: newest}, {id: pinned}],
      deleted: [{id: old}],
      ignored: [],
    })
    expect(await idsIn()).toEqual([pinned, pinned, newest])
  })

  test('a push after a killed rotation removes its lock', async () => {
    await pushed(5 * DAY, 1)
    // So slow that it still has its lock when it is killed.
    const {PATH} = await site.detour(
      `[ "$1" != prune ] || { touch ${site.directory}/there; set -- "$@" --limit-download 1; }`,
    )
    const rotation = site.start(['offsite:rotate', ...KEEP_ONE], {env: {PATH}})
    const locks = async (): Promise<string[]> =>
      (await readdir(join(site.repository, 'locks'))).filter(name => /^[0-9a-f]{64}$/.test(name))
    const isPruning = async (): Promise<boolean> =>
      existsSync(join(site.directory, 'there')) && (await locks()).length > 0
    await until(isPruning)
    const children = await descendants(rotation.pid)
    for (const pid of [rotation.pid, ...children.map(child => child.pid)]) killNow(pid)
    await rotation.ended
    expect(await locks()).toHaveLength(1)
    const id = idAgo(0.5)
    await writeSet(site.backups, id)
    expect(await push()).toMatchObject({pushed: [{id}]})
    expect(await locks()).toEqual([])
  })

  test('an interrupted push that is completed late counts on its machine', async () => {
    await pushed(1)
    const late = [idAgo(4 * DAY), idAgo(5 * DAY)]
    for (const id of late) await writeSet(site.backups, id)
    const {PATH} = await site.detour('case "$1" in check) exit 1 ;; esac')
    expect((await site.run('offsite:push', {env: {PATH}})).exitCode).not.toBe(0)
    await report(site, ['offsite:list'])
    await rm(join(site.backups, late[1]!), {recursive: true})
    await push()
    expect(await rotate(...KEEP_ONE)).toMatchObject({
      deleted: late.map(id => ({id})),
      ignored: [],
    })
  })

  test('a late push counts on the machine that made it', async () => {
    await pushed(1)
    const late = idAgo(4 * DAY)
    await writeSet(site.backups, late)
    await report(site, ['offsite:push'])
    expect(await rotate(...KEEP_ONE)).toMatchObject({deleted: [{id: late}], ignored: []})
    const ledger = join(site.backups, '.offsite', 'first-seen')
    expect(await readFile(ledger, 'utf8')).toContain(' ')
    await writeFile(ledger, 'malformed\n')
    expect(await rotate(...KEEP_ONE)).toMatchObject({ignored: []})
  })
})

const SCHEMAS = ['user', 'event', 'crew', 'payment', 'notification', 'media']
  .map(name => `schema=${name}`)
  .join(',')

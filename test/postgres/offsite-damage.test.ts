import {existsSync} from 'node:fs'
import {readdir, rm, stat, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {beforeEach, describe, expect, test} from 'vitest'
import type {OffsiteListReport} from '../../src/offsite/list.js'
import type {PullReport} from '../../src/offsite/pull.js'
import type {PushReport} from '../../src/offsite/push.js'
import {failure, report} from '../helpers/backups.js'
import {errorOf} from '../helpers/cli.js'
import {flipBit, OffsiteSite, packsOf, resticPrograms, until} from '../helpers/restic.js'
import {idAgo, writeSet} from '../helpers/sets.js'

describe.each([...resticPrograms()])('damage that restic %s has to find', (_version, programs) => {
  let site: OffsiteSite
  beforeEach(async () => {
    site = await OffsiteSite.with(programs)
    await site.createRepository()
    await writeSet(site.backups, idAgo(3))
    await report(site, ['offsite:push'])
    return () => site[Symbol.asyncDispose]()
  })

  /** The smallest file of a directory of the repository: of the data, the one with the names of the files. */
  async function smallest(name: string): Promise<string> {
    const root = join(site.repository, name)
    const files = (await readdir(root, {recursive: true, withFileTypes: true})).filter(file => file.isFile())
    const paths = files.map(file => join(file.parentPath, file.name))
    const sizes = await Promise.all(paths.map(async path => ({path, bytes: (await stat(path)).size})))
    return sizes.sort((a, b) => a.bytes - b.bytes)[0]!.path
  }

  test.each(['index', 'snapshots', 'data'])(
    'a flipped bit in %s is found in spite of the cache',
    async name => {
      await flipBit(await smallest(name))
      for (const command of ['offsite:check', 'offsite:push'])
        expect(await failure(site, command)).toMatchObject({code: 'offsite-damaged', exitCode: 7})
    },
  )

  test('a snapshot that cannot be read is named, and the others can be pulled', async () => {
    const [older] = await readdir(join(site.repository, 'snapshots'))
    const [id, pulled] = [idAgo(1), (await readdir(site.backups)).find(name => /^\d/.test(name))!]
    await writeSet(site.backups, id)
    await report(site, ['offsite:push'])
    const names = await readdir(join(site.repository, 'snapshots'))
    const damaged = names.find(name => name !== older)!
    await flipBit(join(site.repository, 'snapshots', damaged))
    // The machine is new: its restic has no copy of the snapshot.
    await rm(join(site.directory, '.cache'), {recursive: true})
    await rm(site.backups, {recursive: true})
    const named = `snapshots in the off-site repository ${site.repository} cannot be read: ${damaged.slice(0, 8)}`
    expect(await failure(site, 'offsite:push')).toMatchObject({code: 'offsite-damaged', message: named})
    const list = await site.run('offsite:list')
    expect(list).toMatchObject({exitCode: 7})
    expect(list.stderr).toContain(named)
    const json = JSON.parse((await site.run('offsite:list --json')).stdout) as OffsiteListReport
    expect(json).toMatchObject({snapshots: [{id: pulled}], unreadable: [damaged]})
    // Otherwise it would not trust the time of that snapshot when it is readable again.
    expect(existsSync(join(site.backups, '.offsite', 'first-seen'))).toBe(false)
    const pull = await site.run('offsite:pull latest --json')
    expect(JSON.parse(pull.stdout)).toMatchObject({id: pulled, fetched: true})
    expect(pull.stderr).toContain(`note: ${named}; one can be of a newer backup`)
  })

  /** Moves a file of the data away while restic checks the repository; then runs a script. */
  async function missingDuringCheck(script: string): Promise<{PATH: string}> {
    const [file] = await packsOf(site.repository)
    return site.detour(`
      case "$1" in check)
        mv ${file} ${site.directory}/away; "$RESTIC" "$@"; code=$?; mv ${site.directory}/away ${file}
        ${script}
        exit $code ;;
      esac`)
  }

  test('a file that is missing during one check only is no damage', async () => {
    const {PATH} = await missingDuringCheck('rm "$0"; ln -s "$RESTIC" "$0"')
    expect(await site.run('offsite:check', {env: {PATH}})).toMatchObject({exitCode: 0})
  })

  test('a repository that is gone after the check is not damaged', async () => {
    const {PATH} = await missingDuringCheck(`mv ${site.repository} ${site.repository}.away`)
    const run = await site.run('offsite:check --json', {env: {PATH}})
    expect(errorOf(run)).toMatchObject({code: 'no-such-repository', exitCode: 10})
  })

  test('a check beside a process that deletes is busy', async () => {
    // So slow that it has its lock until it is killed.
    const pruning = site.tryRestic(['prune', '--limit-download', '1'], site.directory, false)
    const isLocked = async (): Promise<boolean> =>
      (await readdir(join(site.repository, 'locks'))).some(name => /^[0-9a-f]{64}$/.test(name))
    await until(isLocked)
    pruning.kill('SIGSTOP')
    const {PATH} = await missingDuringCheck('')
    const error = errorOf(await site.run('offsite:check --json', {env: {PATH}}))
    pruning.kill('SIGKILL')
    await pruning
    expect(error).toMatchObject({code: 'busy', exitCode: 8})
    expect(error.message).toContain(`(pid ${pruning.pid}) is deleting from it`)
  })

  test('an incomplete snapshot does not count as pushed', async () => {
    const id = idAgo(2)
    const set = await writeSet(site.backups, id)
    const tags = `content=set,set=${id},bytes=1,project=aquastream-dev,profile=dev,kind=backup,database=d`
    await site.tryRestic(['backup', '--tag', tags, 'manifest.json'], set)
    expect(await report<PushReport>(site, ['offsite:push'])).toMatchObject({pushed: [{id}]})
    await site.tryRestic(['backup', '--tag', tags, 'manifest.json'], set)
    await rm(set, {recursive: true})
    expect(await report<PullReport>(site, ['offsite:pull', id])).toMatchObject({id, fetched: true})
  })

  test('a copy counts when the push has checked it', async () => {
    const id = idAgo(1)
    await writeSet(site.backups, id)
    const {PATH} = await site.detour('case "$1" in check) exit 1 ;; esac')
    expect((await site.run('offsite:push', {env: {PATH}})).exitCode).not.toBe(0)
    const {newest, snapshots} = await report<OffsiteListReport>(site, ['offsite:list'])
    expect(snapshots).toMatchObject([
      {id, verified: false},
      {id: newest!.id, verified: true},
    ])
    const isRecent = async (): Promise<number> => (await site.run('offsite:list --max-age 2')).exitCode
    expect(await isRecent()).toBe(7)
    const keepOne = ['--keep-daily', '1', '--keep-weekly', '0', '--keep-monthly', '0']
    expect(await report(site, ['offsite:rotate', ...keepOne])).toMatchObject({
      kept: [{id: newest!.id}],
      deleted: [],
      ignored: [{id, why: 'unverified'}],
    })
    await report(site, ['offsite:push'])
    expect(await isRecent()).toBe(0)
  })

  test('another file in a backup is not pushed', async () => {
    const id = idAgo(2)
    const set = await writeSet(site.backups, id)
    await writeFile(join(set, 'NOTES.txt'), 'notes')
    await report(site, ['offsite:push'])
    await rm(set, {recursive: true})
    expect(await report<PullReport>(site, ['offsite:pull', id])).toMatchObject({id, fetched: true})
    expect(await readdir(set)).not.toContain('NOTES.txt')
  })

  test('a push continues where the index cannot be rebuilt', async () => {
    const {PATH} = await site.detour('case "$1" in rebuild-index) exit 1 ;; esac')
    await writeFile(join(site.backups, '.offsite', 'pushing'), '')
    const id = idAgo(2)
    await writeSet(site.backups, id)
    const run = await site.run('offsite:push --json', {env: {PATH}})
    expect({exitCode: run.exitCode, report: JSON.parse(run.stdout)}).toMatchObject({
      exitCode: 0,
      report: {pushed: [{id}]},
    })
  })

  test('a backup that was deleted elsewhere is not pushed again', async () => {
    await writeSet(site.backups, idAgo(1))
    await report(site, ['offsite:push'])
    const listed = JSON.parse(await site.restic('snapshots', '--json')) as {id: string; tags: string[]}[]
    const old = listed.sort((a, b) => (a.tags.join() < b.tags.join() ? -1 : 1))[0]!
    await site.restic('forget', old.id)
    expect(await report<PushReport>(site, ['offsite:push'])).toMatchObject({pushed: []})
  })

  test('a backup dated in the future does not replace the newest one', async () => {
    const future = idAgo(-3 * 24)
    await writeSet(site.backups, future)
    const [listed] = JSON.parse(await site.restic('snapshots', '--json')) as {id: string; tags: string[]}[]
    await site.restic('forget', listed!.id)
    const {pushed} = await report<PushReport>(site, ['offsite:push'])
    const id = listed!.tags.find(tag => tag.startsWith('set='))!.slice(4)
    expect(pushed.map(one => one.id)).toEqual([future, id])
  })
})

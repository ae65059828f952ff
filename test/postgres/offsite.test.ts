import {existsSync} from 'node:fs'
import {readdir, readFile, rename, rm, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {beforeEach, describe, expect, test} from 'vitest'
import {failure, listTree, report} from '../helpers/backups.js'
import {errorOf} from '../helpers/cli.js'
import {flipBit, OffsiteSite, packsOf, PASSWORD, resticPrograms, TESTBED, until} from '../helpers/restic.js'
import {idAgo, writeSet} from '../helpers/sets.js'
import type {OffsiteListReport} from '../../src/offsite/list.js'
import type {PullReport} from '../../src/offsite/pull.js'
import type {PushReport} from '../../src/offsite/push.js'

const programs = resticPrograms()

test.skipIf(!existsSync(TESTBED))('the oldest and the newest supported restic are tested', () => {
  expect([...programs.keys()]).toEqual(['0.14', '0.18'])
})

describe.each([...programs])('restic %s', (_version, directory) => {
  let site: OffsiteSite
  beforeEach(async () => {
    site = await OffsiteSite.with(directory)
    return () => site[Symbol.asyncDispose]()
  })

  const push = (): Promise<PushReport> => report(site, ['offsite:push'])
  const pull = (id: string): Promise<PullReport> => report(site, ['offsite:pull', id])
  const list = (): Promise<OffsiteListReport> => report(site, ['offsite:list'])

  /** Creates the repository and pushes one backup; returns its ID. */
  async function pushed(): Promise<string> {
    await site.createRepository()
    const id = idAgo(3)
    await writeSet(site.backups, id)
    await push()
    return id
  }

  test('a pulled backup has every byte of the pushed one', async () => {
    const id = await pushed()
    const before = await listTree(join(site.backups, id))
    await rename(site.backups, `${site.backups}.old`)
    expect(await pull('latest')).toMatchObject({id, fetched: true})
    expect(await listTree(join(site.backups, id))).toEqual(before)
    expect(await pull(id)).toMatchObject({id, fetched: false})
  })

  test('a second push copies only what is new', async () => {
    const id = await pushed()
    expect(await push()).toMatchObject({pushed: [], present: 1})
    const [safety, partial] = [idAgo(2), idAgo(1)]
    await writeSet(site.backups, safety, {kind: 'safety'})
    await writeSet(site.backups, partial, {partial: true})
    expect(await push()).toMatchObject({pushed: [{id: safety}], present: 1, ignored: [partial]})
    const {newest, snapshots} = await list()
    expect(newest).toMatchObject({id})
    expect(snapshots).toMatchObject([
      {id: safety, kind: 'safety', local: true},
      {id, kind: 'backup', local: true},
    ])
  })

  test('latest is the newest backup with every schema', async () => {
    const id = await pushed()
    const narrower = idAgo(1)
    await writeSet(site.backups, narrower, {schemas: ['user']})
    await push()
    await rename(site.backups, `${site.backups}.old`)
    const run = await site.succeed('offsite:pull --json')
    expect(JSON.parse(run.stdout)).toMatchObject({id})
    expect(run.stderr).toContain(`note: the newer backup ${narrower} has only user and was skipped\n`)
    expect(await pull(narrower)).toMatchObject({id: narrower, fetched: true})
  })

  test('creating the repository again changes nothing', async () => {
    expect(await report(site, ['offsite:init'])).toMatchObject({created: true})
    const before = await listTree(site.repository)
    expect(await report(site, ['offsite:init'])).toMatchObject({created: false})
    expect(await listTree(site.repository)).toEqual(before)
  })

  test('an old copy ends the list with status 7', async () => {
    await pushed()
    expect((await site.run('offsite:list --max-age 4')).exitCode).toBe(0)
    const run = await site.run('offsite:list --max-age 2')
    expect(run).toMatchObject({exitCode: 7})
    expect(run.stderr).toContain('is 3 hours old (maximum: 2)')
  })

  test('a copy of one schema does not hide that the others have none', async () => {
    await writeSet(site.backups, idAgo(1), {schemas: ['user']})
    await site.createRepository()
    await report(site, ['offsite:push'])
    const run = await site.run('offsite:list --max-age 26')
    expect(run.exitCode).toBe(7)
    expect(run.stderr).toContain(
      `error: there is no backup of event, crew, payment, notification, media in the off-site repository ${site.repository}\n`,
    )
  })

  test('a missing repository is named before anything happens', async () => {
    await writeSet(site.backups, idAgo(1))
    for (const command of ['offsite:push', 'offsite:pull', 'offsite:list'])
      expect(await failure(site, command)).toMatchObject({
        code: 'no-such-repository',
        exitCode: 10,
        message: `there is no off-site repository at ${site.repository}`,
        hint: 'check OFFSITE_REPOSITORY; to create the repository: aquastream offsite:init',
      })
  })

  test('a restic that is too old is refused', async () => {
    const {PATH} = await site.detour('echo restic 0.12.1 compiled with go1.18; exit')
    expect(errorOf(await site.run('offsite:list --json', {env: {PATH}}))).toMatchObject({
      code: 'tool-too-old',
      exitCode: 3,
      message: 'restic 0.12.1 is too old: 0.14 or newer is required',
    })
  })

  test('a wrong password changes nothing and is not shown', async () => {
    await pushed()
    const before = await listTree(site.repository)
    const wrong = 'wrong-canary-5d2c8a71'
    for (const words of ['offsite:push', 'offsite:init']) {
      const run = await site.run(`${words} --json`, {env: {OFFSITE_PASSWORD: wrong}})
      expect(errorOf(run)).toMatchObject({code: 'offsite-password', exitCode: 2})
      expect(run.stdout + run.stderr).not.toContain(wrong)
    }
    expect(await listTree(site.repository)).toEqual(before)
  })

  test('the repository of another project is refused', async () => {
    await pushed()
    const other = {env: {AQUASTREAM_PROJECT: 'another'}}
    for (const words of ['offsite:push', 'offsite:init'])
      expect(errorOf(await site.run(`${words} --json`, other))).toMatchObject({
        code: 'refused',
        exitCode: 9,
        message: `the off-site repository ${site.repository} belongs to project aquastream-dev, not to another`,
      })
  })

  test('no secret is in the repository or on a command line', async () => {
    const canary = 'row-canary-91f3c7a2'
    await site.createRepository()
    await writeSet(site.backups, idAgo(1), {label: canary})
    const PATH = (await site.detour(`echo "$0 $*" >>${site.directory}/calls; env >>${site.directory}/env`))
      .PATH
    const env = {
      PATH,
      RESTIC_PASSWORD_COMMAND: 'echo wrong',
      RESTIC_REPOSITORY_FILE: '/nowhere',
      AWS_PROFILE: 'wrong',
      RCLONE_CONFIG: '/nowhere',
      DATABASE_URL: 'postgresql://u:db-canary-27@h/d',
    }
    const run = await site.run('offsite:push', {env})
    expect(run).toMatchObject({exitCode: 0})
    expect(run.stdout + run.stderr + (await read('calls'))).not.toContain(PASSWORD)
    const names = (await read('env')).match(/^\w+(?==)/gm)!
    const related = names.filter(name => /^(?:RESTIC_|AWS|RCLONE|DATABASE|OFFSITE)/.test(name))
    expect([...new Set(related)].sort()).toEqual([
      'RESTIC_PASSWORD',
      'RESTIC_PROGRESS_FPS',
      'RESTIC_REPOSITORY',
    ])
    for (const {path, content} of await listTree(site.repository)) {
      expect(content.includes(canary), path).toBe(false)
      expect(content.includes('PostgreSQL'), path).toBe(false)
    }
  })

  test('a flipped bit is found by the pull, which leaves nothing', async () => {
    const id = await pushed()
    await rename(site.backups, `${site.backups}.old`)
    await flipBit((await packsOf(site.repository))[0]!)
    expect(await failure(site, 'offsite:pull', id)).toMatchObject({code: 'archive-damaged', exitCode: 7})
    expect(await readdir(site.backups)).toEqual(['.offsite'])
    expect(await readdir(join(site.backups, '.offsite/pulls'))).toEqual([])
  })

  test('a missing file of the repository is found by the push', async () => {
    await pushed()
    await rm((await packsOf(site.repository))[0]!)
    await writeSet(site.backups, idAgo(1))
    expect(await failure(site, 'offsite:push')).toMatchObject({
      code: 'offsite-damaged',
      exitCode: 7,
      message: `the off-site repository ${site.repository} is damaged`,
    })
    expect(await failure(site, 'offsite:push')).toMatchObject({code: 'offsite-damaged'})
  })

  test('a check that reads the data finds a flipped bit', async () => {
    await pushed()
    expect(await report(site, ['offsite:check', '--read-data-subset', '100%'])).toMatchObject({locksAfter: 0})
    await flipBit((await packsOf(site.repository))[0]!)
    expect(await failure(site, 'offsite:check', '--read-data-subset', '100%')).toMatchObject({
      code: 'offsite-damaged',
      exitCode: 7,
    })
  })

  test('a stale lock is named, and removed when its process is gone', async () => {
    await pushed()
    await leaveLock()
    const run = await site.run('offsite:check --json')
    expect({exitCode: run.exitCode, report: JSON.parse(run.stdout)}).toMatchObject({
      exitCode: 0,
      report: {locksBefore: 1, locksAfter: 0},
    })
  })

  /** Ends restic while it holds a lock. */
  async function leaveLock(): Promise<void> {
    const running = site.tryRestic(['backup', '--stdin'], site.directory, false)
    // restic writes a file of another name first, and renames it.
    const isLocked = async (): Promise<boolean> =>
      (await readdir(join(site.repository, 'locks'))).some(name => /^[0-9a-f]{64}$/.test(name))
    await until(isLocked)
    running.kill('SIGKILL')
    await running
  }

  test('a damaged local backup is not overwritten by a pull', async () => {
    const id = await pushed()
    await rm(join(site.backups, id, 'SHA256SUMS'))
    expect(await failure(site, 'offsite:pull', id)).toMatchObject({code: 'refused', exitCode: 9})
    expect(existsSync(join(site.backups, id, 'manifest.json'))).toBe(true)
  })

  test('a local backup with wrong content does not hide the good one', async () => {
    const id = await pushed()
    const path = join(site.backups, id)
    const before = await listTree(path)
    await flipBit(join(path, `user_${id}.sql.gz`))
    expect(await failure(site, 'offsite:pull', id)).toMatchObject({
      code: 'refused',
      exitCode: 9,
      message: `backup ${id} in ${site.backups} is damaged, and is not overwritten`,
      hint: `move it away, then run the command again: mv ${path} ${path}.damaged`,
    })
    await rename(path, `${path}.damaged`)
    expect(await pull(id)).toMatchObject({id, fetched: true})
    expect(await listTree(path)).toEqual(before)
  })

  test('the beginning of an ID is looked for in both places', async () => {
    const id = await pushed()
    await rm(join(site.backups, id), {recursive: true})
    const local = idAgo(2)
    await writeSet(site.backups, local)
    const restoreFrom = ['db:restore', '--schema', 'user', '--dry-run', '--from']
    const both = id.slice(0, 2)
    expect(await failure(site, ...restoreFrom, both)).toEqual({
      code: 'no-such-backup',
      exitCode: 10,
      message: `${both} matches 2 backups in ${site.backups} and ${site.repository}`,
      hint: `enter more characters of the ID: ${local}, ${id}`,
    })
    const env = await site.detour(`echo "$1" >>${site.directory}/calls; exit 1`)
    const whole = await site.run([...restoreFrom, local], {env})
    expect(whole.stderr).not.toContain('off-site')
    expect(existsSync(join(site.directory, 'calls'))).toBe(false)
    const beginning = await site.run([...restoreFrom, both], {env})
    expect(beginning.stderr).toContain('the off-site repository was not searched: ')
    expect(beginning.exitCode).toBe(whole.exitCode)
    await rm(join(site.backups, local, 'SHA256SUMS'))
    await rename(join(site.backups, local), join(site.backups, id))
    expect(await failure(site, ...restoreFrom, id)).toMatchObject({
      code: 'refused',
      message: `backup ${id} in ${site.backups} is partial, and is not overwritten`,
    })
  })

  test('two pushes at once do not copy twice', async () => {
    await pushed()
    const [there, go] = [join(site.directory, 'there'), join(site.directory, 'go')]
    const {PATH} = await site.detour(
      `case "$*" in *backup*) touch ${there}; until [ -e ${go} ]; do sleep 0.1; done ;; esac`,
    )
    await writeSet(site.backups, idAgo(1))
    const first = site.start('offsite:push --json', {env: {PATH}})
    await until(() => existsSync(there))
    const second = await failure(site, 'offsite:push').finally(() => writeFile(go, ''))
    expect(second).toMatchObject({code: 'busy', exitCode: 8})
    expect(second.message).toContain('is in use by offsite:push')
    expect((await first.ended).exitCode).toBe(0)
  })

  async function read(name: string): Promise<string> {
    return readFile(join(site.directory, name), 'utf8')
  }
})

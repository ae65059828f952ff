import {once} from 'node:events'
import {chmod, chown, mkdir, readdir, rm, stat, symlink, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {describe, expect, test} from 'vitest'
import {errorOf, type Run, Site} from '../helpers/cli.js'
import {idAgo, SCHEMAS, type SetOptions, writeSet} from '../helpers/sets.js'
import {NOBODY, whyNotAs} from './site.js'

const DAY = 24
const notAsNobody = await whyNotAs(NOBODY)

/** Creates a site whose dev profile has backups of these ages, in hours. */
async function siteWith(ages: number[], options: SetOptions = {}): Promise<Site> {
  const site = await Site.open({AQUASTREAM_PROFILE: 'dev'})
  for (const age of ages) await writeSet(rootOf(site), idAgo(age), options)
  return site
}

function rootOf({directory}: Site): string {
  return join(directory, 'backups', 'dev')
}

async function idsIn(site: Site): Promise<string[]> {
  const names = await readdir(rootOf(site))
  return names
    .filter(name => name !== '.rotated')
    .sort()
    .reverse()
}

function rotationOf({stdout}: Run): Rotation {
  return JSON.parse(stdout) as Rotation
}

function listOf({stdout}: Run): List {
  return JSON.parse(stdout) as List
}

function pinOf({stdout}: Run): unknown {
  return JSON.parse(stdout)
}

interface Rotation {
  directory: string
  dryRun: boolean
  kept: {id: string; reasons: {rule: string}[]}[]
  deleted: {id: string}[]
  ignored: {id: string; state: string; reason: string}[]
  leftovers: string[]
}

describe('db:rotate', () => {
  test('deletes backups that no rule keeps, and only these', async () => {
    await using site = await siteWith([1, 25, 49, 73])
    const ids = await idsIn(site)
    const run = await site.run('db:rotate --keep-daily 2 --keep-weekly 0 --keep-monthly 0 --json')
    expect(run).toMatchObject({exitCode: 0})
    const report = rotationOf(run)
    expect(report).toMatchObject({directory: rootOf(site), dryRun: false, ignored: [], leftovers: []})
    expect(report.kept.map(({id}) => id)).toEqual(ids.slice(0, 2))
    expect(report.deleted.map(({id}) => id)).toEqual([ids[3], ids[2]])
    expect(await idsIn(site)).toEqual(ids.slice(0, 2))
  })

  test('a dry run shows the same result, changes nothing', async () => {
    await using site = await siteWith([1, 25, 49])
    await mkdir(join(rootOf(site), '.20260101T000000Z.partial'))
    const before = await idsIn(site)
    const words = 'db:rotate --keep-daily 1 --keep-weekly 0 --keep-monthly 0 --json'
    const dry = rotationOf(await site.run(`${words} --dry-run`))
    expect(dry.dryRun).toBe(true)
    expect(await idsIn(site)).toEqual(before)
    const done = rotationOf(await site.run(words))
    expect(done.deleted.map(({id}) => id).sort()).toEqual(dry.deleted.map(({id}) => id).sort())
    expect(done).toMatchObject({kept: dry.kept, leftovers: dry.leftovers, dryRun: false})
  })

  test('the newest backup of a schema is always kept', async () => {
    await using site = await siteWith([1])
    await writeSet(rootOf(site), '20200101T000000Z', {schemas: ['old']})
    await site.run('db:rotate --keep-daily 1 --keep-weekly 0 --keep-monthly 0')
    expect(await idsIn(site)).toHaveLength(2)
  })

  test('pinned and incomplete backups are never changed or deleted', async () => {
    await using site = await siteWith([1])
    await writeSet(rootOf(site), idAgo(10 * DAY), {pinned: true})
    await writeSet(rootOf(site), idAgo(11 * DAY), {partial: true})
    const damaged = await writeSet(rootOf(site), idAgo(12 * DAY))
    await rm(join(damaged, 'manifest.json'))
    for (const name of ['notes', 'lost+found', '.20260101T000000Z.by-hand'])
      await mkdir(join(rootOf(site), name))
    const before = await idsIn(site)
    const run = await site.run('db:rotate --keep-daily 1 --keep-weekly 0 --keep-monthly 0 --json')
    expect(rotationOf(run)).toMatchObject({
      deleted: [],
      ignored: [{state: 'partial'}, {state: 'damaged', reason: 'manifest.json is missing'}],
    })
    expect(await idsIn(site)).toEqual(before)
  })

  test('leftovers of killed commands are removed by rotation', async () => {
    await using site = await siteWith([1])
    const leftovers = ['.20260101T000000Z.deleted', '.20260102T000000Z.partial']
    for (const name of leftovers) await writeSet(rootOf(site), name)
    const run = await site.run('db:rotate --json')
    expect(rotationOf(run).leftovers).toEqual(leftovers)
    expect(await idsIn(site)).toHaveLength(1)
  })

  test('db:list shows recently rotated backups for some months', async () => {
    await using site = await siteWith([1, 25, 49])
    await writeSet(rootOf(site), idAgo(200), {kind: 'safety'})
    await writeSet(rootOf(site), idAgo(201), {kind: 'safety'})
    await writeFile(join(rootOf(site), '.rotated'), '20200101T000000Z\n../x\n')
    const [, , old] = await idsIn(site)
    await site.run('db:rotate --keep-daily 2 --keep-weekly 0 --keep-monthly 0')
    expect(listOf(await site.run('db:list --json')).rotated).toEqual([old])
    expect((await stat(join(rootOf(site), '.rotated'))).mode & 0o777).toBe(0o600)
  })

  test('a killed rotation leaves only complete backups behind', async () => {
    await using site = await siteWith(Array.from({length: 40}, (_, night) => night * DAY + 1))
    const words = 'db:rotate --keep-daily 2 --keep-weekly 0 --keep-monthly 0'
    const running = site.start(words)
    await once(running.stderr, 'data')
    running.kill('SIGKILL')
    await running.ended
    const {sets} = listOf(await site.run('db:list --json'))
    expect(sets.length).toBeGreaterThan(2)
    expect(sets.every(({state}) => state === 'complete')).toBe(true)
    expect((await site.run(words)).exitCode).toBe(0)
    expect(await idsIn(site)).toHaveLength(2)
  })

  test('an interrupted rotation stops after the current backup', async () => {
    await using site = await siteWith(Array.from({length: 40}, (_, night) => night * DAY + 1))
    const running = site.start('db:rotate --keep-daily 2 --keep-weekly 0 --keep-monthly 0')
    await once(running.stderr, 'data')
    running.kill('SIGINT')
    expect((await running.ended).exitCode).toBe(130)
    const left = await idsIn(site)
    expect(left.length).toBeGreaterThan(2)
    expect(left.filter(name => name.startsWith('.'))).toEqual([])
  })

  test('a policy that keeps no backup is rejected', async () => {
    await using site = await siteWith([1])
    const run = await site.run('db:rotate --keep-daily 0 --keep-weekly 0 --keep-monthly 0 --json')
    expect(run.exitCode).toBe(2)
    expect(errorOf(run)).toMatchObject({
      code: 'usage',
      message: 'a policy that keeps nothing would delete every backup',
      hint: 'keep at least one: --keep-daily 1',
    })
  })

  test('a directory that does not exist is not created', async () => {
    await using site = await siteWith([])
    const run = await site.run('db:rotate --dir elsewhere')
    expect(run).toEqual({
      exitCode: 0,
      stdout: `There are no backups in ${join(site.directory, 'elsewhere', 'dev')}.`,
      stderr: '',
    })
    await expect(stat(join(site.directory, 'elsewhere'))).rejects.toThrow('ENOENT')
  })

  test.skipIf(notAsNobody)('a repository without write permission is named in errors', async () => {
    await using site = await siteWith([1, 25, 49])
    await chmod(site.directory, 0o755)
    await chown(join(site.directory, 'backups'), NOBODY, NOBODY)
    await chmod(rootOf(site), 0o555)
    for (const id of await idsIn(site)) await chmod(join(rootOf(site), id), 0o755)
    await Promise.all((await idsIn(site)).map(id => openFiles(join(rootOf(site), id))))
    const run = await site.run('db:rotate --keep-daily 1 --keep-weekly 0 --keep-monthly 0 --json', {
      user: NOBODY,
    })
    expect(run.exitCode).toBe(3)
    expect(errorOf(run)).toMatchObject({
      code: 'backup-directory',
      message: `${rootOf(site)} cannot be used: permission denied`,
    })
    expect((await idsIn(site)).length).toBe(3)
  })
})

describe('a backup directory on a disk that is not mounted', () => {
  test.each(['db:list', 'db:rotate', 'db:pin latest', 'db:verify', 'db:restore --all --yes'])(
    'is an error of %s that names its link',
    async command => {
      await using site = await Site.open({AQUASTREAM_PROFILE: 'dev'})
      const link = join(site.directory, 'backups')
      await symlink('/mnt/not-mounted', link)
      const run = await site.run(`${command} --json`, {env: {DATABASE_URL: 'postgres://user@127.0.0.1:1/db'}})
      expect(errorOf(run)).toEqual({
        code: 'backup-directory',
        exitCode: 3,
        message: `${link} cannot be used: it is a symbolic link to something that does not exist`,
        hint: `mount or create what it refers to: ls -ld ${link}; or set another directory with --dir or BACKUP_DIR`,
      })
    },
  )
})

/** Makes the files of a backup readable for other users. */
async function openFiles(path: string): Promise<void> {
  for (const name of await readdir(path)) await chmod(join(path, name), 0o644)
}

describe('db:pin and db:unpin', () => {
  test('a pinned backup is kept until it is unpinned', async () => {
    await using site = await siteWith([1, 30 * DAY])
    const [, old = ''] = await idsIn(site)
    const rotate = 'db:rotate --keep-daily 1 --keep-weekly 0 --keep-monthly 0'
    expect((await site.run(`db:pin ${old}`)).stdout).toBe(
      `Backup ${old} is pinned; rotation does not delete it.`,
    )
    await site.run(rotate)
    expect(await idsIn(site)).toContain(old)
    expect((await site.run(`db:unpin ${old}`)).stdout).toBe(
      `Backup ${old} is no longer pinned; rotation may delete it.`,
    )
    await site.run(rotate)
    expect(await idsIn(site)).not.toContain(old)
  })

  test('pinning and unpinning twice changes nothing', async () => {
    await using site = await siteWith([1])
    const [id = ''] = await idsIn(site)
    expect((await site.run('db:unpin latest')).stdout).toBe(
      `Backup ${id} is not pinned; nothing was changed.`,
    )
    await site.run('db:pin latest')
    const again = await site.run('db:pin latest --json')
    expect(pinOf(again)).toEqual({id, pinned: true, changed: false})
    expect((await stat(join(rootOf(site), id, 'PINNED'))).mode & 0o777).toBe(0o600)
    expect((await site.run('db:pin latest')).stdout).toBe(
      `Backup ${id} is already pinned; nothing was changed.`,
    )
  })

  test('latest means neither a safety backup nor a damaged one', async () => {
    await using site = await siteWith([5])
    const [id] = await idsIn(site)
    await writeSet(rootOf(site), idAgo(1), {kind: 'safety'})
    await writeSet(rootOf(site), idAgo(2), {partial: true})
    expect(pinOf(await site.run('db:pin latest --json'))).toMatchObject({id})
  })

  test('a unique prefix of an ID is sufficient', async () => {
    await using site = await siteWith([])
    await writeSet(rootOf(site), '20261031T020000Z')
    await writeSet(rootOf(site), '20261101T020000Z')
    expect(pinOf(await site.run('db:pin 202610 --json'))).toMatchObject({id: '20261031T020000Z'})
    const run = await site.run('db:pin 2026 --json')
    expect(run.exitCode).toBe(10)
    expect(errorOf(run)).toMatchObject({
      code: 'no-such-backup',
      message: `2026 matches 2 backups in ${rootOf(site)}`,
      hint: 'enter more characters of the ID: 20261101T020000Z, 20261031T020000Z',
    })
  })

  test('a backup that does not exist is named', async () => {
    await using site = await siteWith([1])
    const run = await site.run('db:pin ../x --json')
    expect(run.exitCode).toBe(10)
    expect(errorOf(run)).toMatchObject({
      code: 'no-such-backup',
      message: `backup "../x" was not found in ${rootOf(site)}`,
      hint: 'list the backups: aquastream db:list',
    })
  })

  test('the ID of the backup is required', async () => {
    await using site = await siteWith([1])
    const run = await site.run('db:pin --json')
    expect(run.exitCode).toBe(2)
    expect(errorOf(run).code).toBe('usage')
  })
})

interface List {
  directory: string
  newest: {id: string; ageHours: number} | null
  schemas: {schema: string; id: string}[]
  rotated: string[]
  sets: {id: string; state: string; rows: number | null; rotation: {action: string}}[]
}

describe('db:list', () => {
  test('the report contains all properties of every backup', async () => {
    await using site = await siteWith([2])
    await writeSet(rootOf(site), idAgo(1), {schemas: ['user'], kind: 'safety', label: 'before restore'})
    const [safety, id] = await idsIn(site)
    const {newest, sets} = listOf(await site.run('db:list --json'))
    expect(newest).toEqual({id, ageHours: expect.closeTo(2, 1)})
    expect(sets).toMatchObject([
      {id: safety, kind: 'safety', label: 'before restore', schemas: ['user'], rows: 1000, pinned: false},
      {id, kind: 'backup', state: 'complete', schemas: SCHEMAS, rows: 6000, rotation: {action: 'keep'}},
    ])
  })

  test('an empty repository is a warning, not an error', async () => {
    await using site = await siteWith([])
    const directory = rootOf(site)
    expect(await site.run('db:list')).toEqual({
      exitCode: 0,
      stdout: `There are no backups in ${directory}.`,
      stderr: `warning: no complete backup was found in ${directory}\nhint: take one: aquastream db:backup`,
    })
  })

  test('a newest backup that is 27 hours old is reported', async () => {
    await using site = await siteWith([27.5])
    await writeSet(rootOf(site), idAgo(1), {kind: 'safety'})
    await writeSet(rootOf(site), idAgo(2), {partial: true})
    const {exitCode, stderr} = await site.run('db:list')
    expect(exitCode).toBe(0)
    expect(stderr).toBe(
      `warning: the newest backup, ${idAgo(27.5)}, is 27 hours old (maximum: 26)\nhint: find out why the last backup failed, then take one: aquastream db:backup`.replace(
        idAgo(27.5),
        (await idsIn(site))[2] ?? '',
      ),
    )
  })

  test('with --max-age, an old backup exits 7 after the report', async () => {
    await using site = await siteWith([3.5])
    const run = await site.run('db:list --max-age 3 --json')
    expect(run.exitCode).toBe(7)
    expect(listOf(run).sets).toHaveLength(1)
    expect((await site.run('db:list --max-age 3')).stderr).toContain('is 3 hours old (maximum: 3)')
    expect(await site.run('db:list --max-age 4')).toMatchObject({exitCode: 0, stderr: ''})
  })

  test('a backup of one schema does not hide old ones', async () => {
    await using site = await siteWith([30])
    await writeSet(rootOf(site), idAgo(1), {schemas: ['user', 'event', 'crew']})
    const [newest, old] = await idsIn(site)
    const run = await site.run('db:list --max-age 26')
    expect(run.exitCode).toBe(7)
    expect(run.stderr).toContain(
      `error: the newest backup of payment, notification, media, ${old}, is 30 hours old (maximum: 26)\n`,
    )
    const {schemas} = listOf(await site.run('db:list --json'))
    expect(schemas.filter(({id}) => id === newest).map(({schema}) => schema)).toEqual([
      'user',
      'event',
      'crew',
    ])
  })

  test('a backup of another database does not hide old ones', async () => {
    await using site = await siteWith([30])
    await writeSet(rootOf(site), idAgo(1), {
      manifest: manifest => ({...manifest, server: {...manifest.server, database: 'copy'}}),
    })
    const [, old] = await idsIn(site)
    const run = await site.run('db:list --max-age 26')
    expect(run.exitCode).toBe(7)
    const names = SCHEMAS.map(schema => `${schema} of database aquastream`).join(', ')
    expect(run.stderr).toContain(
      `error: the newest backup of ${names}, ${old}, is 30 hours old (maximum: 26)\n`,
    )
  })

  test('a schema that was never backed up is named', async () => {
    await using site = await siteWith([])
    await writeSet(rootOf(site), idAgo(1), {schemas: ['user', 'media']})
    const run = await site.run('db:list --max-age 26')
    expect(run.exitCode).toBe(7)
    expect(run.stderr).toBe(
      `error: no complete backup of event, crew, payment, notification was found in ${rootOf(site)}\n` +
        'hint: take one: aquastream db:backup',
    )
  })

  test('a backup dated in the future does not count', async () => {
    await using site = await siteWith([30])
    await writeSet(rootOf(site), '20990101T000000Z')
    const run = await site.run('db:list --max-age 26 --json')
    expect(run.exitCode).toBe(7)
    expect(listOf(run).newest?.ageHours).toBeCloseTo(30, 0)
  })

  test('the list fits terminals of 80 and 40 columns', async () => {
    await using site = await siteWith(Array.from({length: 9}, (_, night) => night * DAY + 3))
    await writeSet(rootOf(site), idAgo(200), {pinned: true})
    for (const columns of [80, 40]) {
      const {stdout} = await site.runInTerminal('db:list', columns)
      const lines = stdout.replaceAll('\r', '').split('\n').slice(1)
      expect(Math.max(...lines.map(({length}) => length))).toBeLessThanOrEqual(columns)
      expect(stdout).toContain('# complete  ! damaged  - rotated  . none')
    }
  })

  test('backups of another profile are not listed', async () => {
    await using site = await siteWith([1])
    expect((await site.run('db:list --profile prod --json')).stdout).toContain('"sets": []')
    await writeFile(join(site.directory, '.env.prod'), 'BACKUP_DIR=elsewhere\n')
    const {directory} = listOf(await site.run('db:list --profile prod --json'))
    expect(directory).toBe(join(site.directory, 'elsewhere', 'prod'))
  })
})

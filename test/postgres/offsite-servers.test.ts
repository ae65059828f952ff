import {randomBytes} from 'node:crypto'
import {existsSync} from 'node:fs'
import {readdir, rm, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {afterAll, beforeAll, beforeEach, describe, expect, test} from 'vitest'
import type {PushReport} from '../../src/offsite/push.js'
import {backup, failure, listTree, report, restore, SMALL} from '../helpers/backups.js'
import {errorOf} from '../helpers/cli.js'
import {checkSums} from '../helpers/crash-site.js'
import {has} from '../helpers/guide.js'
import {type OffsiteServer, S3_SECRET, startS3, startSftp} from '../helpers/offsite-servers.js'
import {startPostgres, type TestServer} from '../helpers/postgres.js'
import {Proxy} from '../helpers/proxy.js'
import {startRestServer} from '../helpers/rest-server.js'
import {flipBit, OffsiteSite, PASSWORD, resticPrograms, TESTBED, until} from '../helpers/restic.js'
import {idAgo, writeSet} from '../helpers/sets.js'
import {canMount, mountReadOnly, mountSmallDisk} from '../helpers/small-disk.js'

const programs = [...resticPrograms()]
const oldest = programs.at(0)?.[1]
const newest = programs.at(-1)?.[1]
const canServeSftp = process.getuid?.() === 0 && existsSync('/usr/sbin/sshd')

let site: OffsiteSite
async function openSite(programs: string, settings: Record<string, string> = {}): Promise<void> {
  site = await OffsiteSite.with(programs)
  Object.assign(site.env, settings)
}
/** Changes the settings of the site. */
const use = ({settings}: Pick<OffsiteServer, 'settings'>): object => Object.assign(site.env, settings)

/** Pushes a backup, deletes it here, pulls it, and compares every byte. */
async function roundTrip(): Promise<void> {
  const id = idAgo(2)
  const path = await writeSet(site.backups, id)
  await site.createRepository()
  expect(await report(site, ['offsite:init'])).toMatchObject({created: false})
  expect(await report(site, ['offsite:push'])).toMatchObject({pushed: [{id}]})
  const before = await listTree(path)
  await writeFile(join(path, 'SHA256SUMS'), '')
  await report(site, ['offsite:pull', id, '--dir', 'elsewhere'])
  expect(
    (await listTree(join(site.directory, 'elsewhere/dev', id))).map(({path, content}) => [path, content]),
  ).toEqual(before.map(({path, content}) => [path, content]))
}

describe.each(programs)('with restic %s', (_version, directory) => {
  beforeEach(async () => {
    await openSite(directory)
    return () => site[Symbol.asyncDispose]()
  })

  test.skipIf(!existsSync(TESTBED))('a repository on S3 returns every byte', async () => {
    await using server = await startS3(site)
    use(server)
    await roundTrip()
    const run = await site.run('offsite:list --json', {
      env: {OFFSITE_S3_SECRET_KEY: 'wrong-key-1234567', OFFSITE_TIMEOUT: '3'},
    })
    expect(errorOf(run)).toMatchObject({code: 'offsite-unreachable', exitCode: 4})
    expect(run.stdout + run.stderr).not.toMatch(new RegExp(`${S3_SECRET}|${PASSWORD}|wrong-key`))
  })

  test.skipIf(!has('restic-rest-server')).each(['refuse', 'silence'] as const)(
    'the push after a cut network completes: %s',
    async how => {
      await using server = await startRestServer(site)
      site.env.OFFSITE_REPOSITORY = server.repository
      await site.createRepository()
      await pushUntilCut(server.port, how)
      await nextPushCompletes()
    },
  )

  test.skipIf(!canServeSftp)('a repository on SFTP returns every byte', async () => {
    await using server = await startSftp(site)
    use(server)
    await writeFile(server.settings.OFFSITE_SSH_KNOWN_HOSTS_FILE!, server.knownHosts)
    await roundTrip()
  })
})

/** Pushes a backup of 12 MB until the network is cut, and expects the error. */
async function pushUntilCut(port: number, how: 'refuse' | 'silence'): Promise<void> {
  await writeSet(site.backups, idAgo(1), {filler: randomBytes(12_000_000)})
  await using proxy = await Proxy.cutAfter(4_000_000, port, how)
  const env = {OFFSITE_REPOSITORY: `rest:http://127.0.0.1:${proxy.port}/`, OFFSITE_TIMEOUT: '6'}
  const error = errorOf(await site.run('offsite:push --json', {env}))
  expect(proxy.isCut).toBe(true)
  expect(error).toMatchObject({code: 'offsite-unreachable', exitCode: 4})
  expect(error.message).toContain('made no progress for 6 s')
}

/** The next push copies everything, and leaves a repository without errors and locks. */
async function nextPushCompletes(): Promise<void> {
  const {pushed, present} = await report<PushReport>(site, ['offsite:push'])
  const sets = await checkSums(site.backups)
  expect(new Set(sets.values())).toEqual(new Set(['backup']))
  expect(pushed.length + present).toBe(sets.size)
  await site.restic('check')
}

test.skipIf(!canServeSftp || !oldest)('the host key of an SFTP server must be known', async () => {
  await openSite(oldest!)
  await using closing = site
  await using server = await startSftp(closing)
  use(server)
  const [, host, port] = /^\[(.*)\]:(\d+) /.exec(server.knownHosts)!
  const file = server.settings.OFFSITE_SSH_KNOWN_HOSTS_FILE!
  const scan = `ssh-keyscan -p ${port} ${host}`
  expect(await failure(site, 'offsite:init')).toEqual({
    code: 'refused',
    exitCode: 9,
    message: `the host key of [${host}]:${port} is not in ${file}`,
    hint: `compare the output of ${scan} | ssh-keygen -lf - with the fingerprint that the provider of the server publishes; if they are equal: ${scan} >> '${file}'`,
  })
  await writeFile(file, server.knownHosts.replace(/AAAA\S{20}/, 'AAAAC3NzaC1lZDI1NTE5AAAAIAAA'))
  expect(await failure(site, 'offsite:init')).toMatchObject({code: 'offsite-unreachable'})
})

describe.skipIf(!newest)('db:backup --offsite', () => {
  let database: TestServer
  beforeAll(async () => {
    database = await startPostgres()
    await database.sql(SMALL)
  })
  beforeEach(async () => {
    await openSite([newest!, database.bin].join(':'), {DATABASE_URL: database.url})
    return () => site[Symbol.asyncDispose]()
  })
  afterAll(() => database[Symbol.asyncDispose]())

  /** Runs a backup whose off-site copy fails, and checks that only that has failed. */
  async function onlyCopyFails(): Promise<string> {
    // On a busy machine, restic can take seconds to answer at all: only what is to fail has a short time.
    const run = await site.run('db:backup --offsite --json', {env: {OFFSITE_TIMEOUT: '4'}})
    const {code, exitCode, message} = errorOf(run)
    expect({code, exitCode}).toEqual({code: 'offsite-failed', exitCode: 11})
    const sets = await checkSums(site.backups)
    expect([...sets.values()].every(kind => kind === 'backup')).toBe(true)
    expect(message).toContain(`backup ${[...sets.keys()].at(-1)} is complete, its off-site copy failed: `)
    return message
  }

  test('copies the new backup in the same run', async () => {
    await site.createRepository()
    const {id, offsite} = (await backup(site, '--offsite')) as {id: string; offsite?: PushReport}
    expect(offsite).toMatchObject({pushed: [{id}]})
    expect(await report(site, ['offsite:list'])).toMatchObject({newest: {id}})
  })

  test('a backup that is only off-site is fetched and restored', async () => {
    await site.createRepository()
    const {id} = await backup(site, '--offsite')
    await rm(join(site.backups, id), {recursive: true})
    const plan = await site.run(`db:restore --schema user --from ${id} --dry-run`)
    expect(plan).toMatchObject({exitCode: 0})
    expect(plan.stdout).toContain(`Backup ${id} is only in the off-site repository ${site.repository}.`)
    expect(await readdir(site.backups)).not.toContain(id)
    for (const [flag, value] of [
      ['--at', new Date().toISOString()],
      // A shorter beginning could be that of the safety backup of the first restore, too.
      ['--from', id.slice(0, -1)],
    ] as const) {
      await rm(join(site.backups, id), {recursive: true, force: true})
      expect(await restore(site, '--schema', 'user', flag, value)).toMatchObject({from: id, rows: 50})
    }
  })

  test('all schemas come from the off-site backup that has them', async () => {
    await site.createRepository()
    const {id} = await backup(site, '--offsite')
    await rm(join(site.backups, id), {recursive: true})
    await backup(site, '--schema', 'user')
    expect(await restore(site, '--all', '--at', '2100-01-01')).toMatchObject({from: id})
  })

  test('a rotation that fails does not keep the backup from its copy', async () => {
    await site.createRepository()
    const old = idAgo(30 * 24)
    await writeSet(site.backups, old, {kind: 'safety'})
    // The backup cannot be renamed to this.
    await writeFile(join(site.backups, `.${old}.deleted`), '')
    const error = await failure(site, 'db:backup', '--rotate', '--offsite')
    expect(error).toMatchObject({code: 'backup-directory', exitCode: 3})
    const [, id] = /^backup (\S+) is complete, its rotation failed: /.exec(error.message)!
    expect(await report(site, ['offsite:list'])).toMatchObject({newest: {id}})
    delete site.env.OFFSITE_REPOSITORY
    const {exitCode, problems} = await failure(site, 'db:backup', '--rotate', '--offsite')
    expect(exitCode).toBe(3)
    expect(problems!.map(({code}) => code)).toEqual(['backup-directory', 'offsite-failed'])
  })

  test('a newer backup that cannot be read off-site is mentioned', async () => {
    await site.createRepository()
    const {id: older} = await backup(site, '--offsite')
    const snapshots = join(site.repository, 'snapshots')
    const before = await readdir(snapshots)
    const {id} = await backup(site, '--offsite')
    const damaged = (await readdir(snapshots)).find(name => !before.includes(name))!
    await flipBit(join(snapshots, damaged))
    // Its restic has no copy of the snapshot.
    for (const path of [join(site.backups, id), join(site.directory, '.cache')])
      await rm(path, {recursive: true})
    const plan = await site.run([
      'db:restore',
      '--schema',
      'user',
      '--at',
      new Date().toISOString(),
      '--dry-run',
    ])
    expect(plan).toMatchObject({exitCode: 0})
    expect(plan.stdout).toContain(older)
    expect(plan.stderr).toContain(
      `warning: a newer backup may be off-site: snapshots in the off-site repository ${site.repository} cannot be read: ${damaged.slice(0, 8)}`,
    )
  })

  test('backups are taken and rotated while a pull runs', async () => {
    await site.createRepository()
    const {id} = await backup(site, '--offsite')
    await rm(join(site.backups, id), {recursive: true})
    const [there, go] = [join(site.directory, 'there'), join(site.directory, 'go')]
    const env = await site.detour(
      `case "$1" in restore) touch ${there}; until [ -e ${go} ]; do sleep 0.1; done ;; esac`,
    )
    const pull = site.start(`offsite:pull ${id} --json`, {env})
    await Promise.race([until(() => existsSync(there)), pull.ended])
    const other = await whileItRuns().finally(() => writeFile(go, ''))
    expect((await pull.ended).exitCode).toBe(0)
    const names = (await readdir(site.backups)).filter(name => /\d/.test(name))
    expect(names.sort()).toEqual([id, other])
    expect(await report(site, ['db:verify'])).toMatchObject({sets: [{valid: true}, {valid: true}]})

    async function whileItRuns(): Promise<string> {
      expect(await failure(site, 'offsite:pull', id)).toMatchObject({code: 'busy', exitCode: 8})
      return (await backup(site, '--rotate', '--offsite')).id
    }
  })

  test('without a setting it exits with status 11', async () => {
    delete site.env.OFFSITE_REPOSITORY
    expect(await onlyCopyFails()).toContain('OFFSITE_REPOSITORY is not set')
  })

  test.skipIf(!has('restic-rest-server'))(
    'a server that is gone is named, and the next push completes',
    async () => {
      {
        await using server = await startRestServer(site)
        site.env.OFFSITE_REPOSITORY = server.repository
        await site.createRepository()
      }
      expect(await onlyCopyFails()).toContain('made no progress for 4 s: ')
      site.env.OFFSITE_REPOSITORY = join(site.directory, 'rest')
      await nextPushCompletes()
    },
  )

  test.skipIf(!has('restic-rest-server'))('a network that is cut fails only the copy', async () => {
    await using server = await startRestServer(site)
    site.env.OFFSITE_REPOSITORY = server.repository
    await site.createRepository()
    {
      await writeSet(site.backups, idAgo(1), {filler: randomBytes(12_000_000)})
      await using proxy = await Proxy.cutAfter(4_000_000, server.port, 'refuse')
      site.env.OFFSITE_REPOSITORY = `rest:http://127.0.0.1:${proxy.port}/`
      await onlyCopyFails()
      expect(proxy.isCut).toBe(true)
    }
    site.env.OFFSITE_REPOSITORY = server.repository
    await nextPushCompletes()
  })

  test.skipIf(!canMount)('a full repository keeps the backup, and the next push completes', async () => {
    await using disk = await mountSmallDisk(join(site.directory, 'disk'), 400_000)
    site.env.OFFSITE_REPOSITORY = join(disk.path, 'offsite')
    await site.createRepository()
    const filler = join(disk.path, 'filler')
    await writeFile(filler, Buffer.alloc(400_000)).catch(() => undefined)
    await onlyCopyFails()
    await writeFile(filler, '')
    await nextPushCompletes()
  })

  test.skipIf(!canMount)('a read-only repository can be pulled from, not pushed to', async () => {
    await site.createRepository()
    const {id} = await backup(site, '--offsite')
    {
      await using disk = await mountReadOnly(site.repository)
      expect(disk.path).toBe(site.repository)
      await onlyCopyFails()
      expect(await report(site, ['offsite:pull', id, '--dir', 'elsewhere'])).toMatchObject({fetched: true})
    }
    await nextPushCompletes()
  })
})

import {createHash} from 'node:crypto'
import {existsSync} from 'node:fs'
import {appendFile, chmod, chown, cp, mkdir, readdir, readFile, rename, rm, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {setTimeout as sleep} from 'node:timers/promises'
import {gunzipSync, gzipSync} from 'node:zlib'
import {afterAll, afterEach, beforeAll, describe, expect, test} from 'vitest'
import type {ListReport} from '../../src/backup/list.js'
import type {VerifyReport} from '../../src/backup/verify.js'
import {backup, detour, failure, report, restore, rootOf, siteFor} from '../helpers/backups.js'
import {errorOf, expectDone, type Site} from '../helpers/cli.js'
import {ACCIDENT, checkSums, fingerprint, FIXTURE, lastWrite, remains} from '../helpers/crash-site.js'
import {startPostgres, type TestServer} from '../helpers/postgres.js'
import {canMount, mountReadOnly, mountSmallDisk} from '../helpers/small-disk.js'
import {seen} from '../helpers/streams.js'
import {hold, until, waitingForTable} from '../helpers/waiting.js'

const NOBODY = 65_534

let server: TestServer
let site: Site
let set: string
let before: string
let written: string

beforeAll(async () => {
  server = await startPostgres()
  site = await siteFor(server)
  await server.sql(`${FIXTURE}
    -- What does not get smaller: an archive that no buffer on the way holds.
    CREATE TABLE crew.photos AS SELECT n, (SELECT string_agg(sha256((n || '.' || i)::bytea), '') FROM generate_series(1, 1000) i) AS bytes
      FROM generate_series(1, 150) n;`)
  set = (await backup(site, '--pin')).id
  await server.sql(`${ACCIDENT} DELETE FROM crew.photos WHERE n > 100`)
  before = await fingerprint(server)
  written = await lastWrite(server)
})
afterAll(async () => {
  await site[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

/** After each test, the database must be unchanged and the backup valid. */
afterEach(async () => {
  expect(await remains(server)).toBe('')
  const now = await lastWrite(server)
  if (now !== written) expect(await fingerprint(server)).toBe(before)
  written = now
  expect((await checkSums(rootOf(site))).get(set)).toBe('backup')
})

describe('tables in use', () => {
  test('a restore fails when a table stays locked', async () => {
    await using held = await hold(server, 'crew.photos')
    const error = await failure(site, 'db:restore', '--yes', '--schema', 'crew', '--lock-timeout', '1')
    expect(error).toMatchObject({
      code: 'restore-failed',
      exitCode: 6,
      message: 'nothing was changed: canceling statement due to lock timeout',
      hint: expect.stringContaining('--lock-timeout'),
    })
    await held.release()
    // No lock of the restore is left: other sessions can lock its tables.
    await server.sql(
      "SET lock_timeout = '100ms'; BEGIN; LOCK TABLE crew.photos; LOCK TABLE crew.crews; ROLLBACK",
    )
  })

  test('readers go on while a restore waits for a table of another schema', async () => {
    // A foreign key of crew refers to it.
    await using held = await hold(server, 'event.events', 'ROW EXCLUSIVE')
    const running = site.start(['db:restore', '--yes', '--schema', 'crew', '--lock-timeout', '60'])
    await waitingForTable(server)
    expect(await server.sql("SET lock_timeout = '100ms'; SELECT count(*) FROM crew.crews")).toBe('1000')
    running.kill('SIGINT')
    expect((await running.ended).exitCode).toBe(130)
    await held.release()
  })

  test.each(['--yes', '--dry-run'])('planning with %s waits no longer than --lock-timeout', async flag => {
    await using held = await hold(server, 'crew.photos', 'ACCESS EXCLUSIVE')
    const error = await failure(site, 'db:restore', flag, '--schema', 'crew', '--lock-timeout', '1')
    expect(error).toMatchObject({
      code: 'restore-failed',
      exitCode: 6,
      hint: expect.stringContaining('--lock-timeout'),
    })
    await held.release()
  })

  test('an interrupt ends a restore that waits for a table', async () => {
    await using held = await hold(server, 'crew.photos')
    const running = site.start(['db:restore', '--yes', '--schema', 'crew', '--lock-timeout', '60'])
    await waitingForTable(server)
    running.kill('SIGINT')
    const run = await running.ended
    expect(run.exitCode).toBe(130)
    expect(run.stderr).toContain('error: interrupted')
    await held.release()
  })

  test('a backup that waits for a table ends with an interrupt', async () => {
    await using held = await hold(server, 'crew.photos', 'ACCESS EXCLUSIVE')
    const sets = await checkSums(rootOf(site))
    const running = site.start(['db:backup'])
    await waitingForTable(server)
    running.kill('SIGTERM')
    expect((await running.ended).exitCode).toBe(143)
    expect(await remains(server)).toBe('')
    expect(await checkSums(rootOf(site))).toEqual(sets)
    await held.release()
  })
})

test('an interrupt also ends the counting of rows', async () => {
  await using other = await siteFor(server)
  const script = `touch '${other.directory}/asked'; until [ -e '${other.directory}/go' ]; do sleep 0.1; done; exec /bin/sh "$@"`
  const env = await detour(other, server, {facts: script})
  const running = other.start(['db:backup'], {env})
  while (!existsSync(join(other.directory, 'asked'))) await sleep(20)
  await using held = await hold(server, 'crew.photos', 'ACCESS EXCLUSIVE')
  await other.write('go', '')
  await until(server, "SELECT FROM pg_stat_activity WHERE query LIKE 'DO %' AND wait_event_type = 'Lock'")
  running.kill('SIGINT')
  expect((await running.ended).exitCode).toBe(130)
  expect(await remains(server)).toBe('')
  // The partial backup and the lock are deleted as well: the command cleaned up in time.
  expect(await readdir(rootOf(other))).toEqual([])
  await held.release()
})

test('a psql that ends before its first line ends the restore', async () => {
  await using other = await siteFor(server)
  await writeFile(
    join(other.directory, 'psql'),
    `#!/bin/sh\ncase "$*" in *'-o /dev/null'*) echo 'psql: error: no more connections' >&2; exit 2 ;; esac\nexec ${server.bin}/psql "$@"\n`,
    {mode: 0o755},
  )
  const run = await other.run(
    `db:restore --schema crew --from ${set} --dir ${join(site.directory, 'backups')} --yes --json`,
    {env: {PATH: `${other.directory}:${server.env.PATH}`}},
  )
  expect(errorOf(run)).toMatchObject({
    code: 'restore-failed',
    exitCode: 6,
    message: 'nothing was changed: no more connections',
  })
})

/** A client tool exits with status 0, but a part of its output is lost. */
describe('a lost connection that looks like the end of output', () => {
  test.each([
    ['of a dump', 'dump', 'backup-failed'],
    ['of the roles', 'globals', 'backup-failed'],
    ['of the facts', 'facts', 'database-unreachable'],
  ])('fails the backup, %s', async (_, what, code) => {
    await using other = await siteFor(server)
    const env = await detour(other, server, {[what]: '/bin/sh "$@" | head -c 300'})
    const run = await other.run(['db:backup', '--json'], {env})
    expect(errorOf(run)).toMatchObject({code})
    expect(await checkSums(rootOf(other))).toEqual(new Map())
  })

  test.each([
    // Only the statement that marks the end of the SQL is lost.
    ['--all', 66, 'the end of the archive is missing'],
    ['--all', 20_000, undefined],
    ['--schema crew', 66, 'the end of the archive is missing'],
  ])('restores nothing, with %s and without %i bytes', async (what, bytes, why) => {
    await using other = await siteFor(server)
    const shell = join(other.directory, 'sh')
    await writeFile(
      shell,
      `#!/bin/sh\ncase "$4 $5" in '--stream replay') head -c -${bytes} | /bin/sh "$@" ;; *) exec /bin/sh "$@" ;; esac\n`,
      {mode: 0o755},
    )
    const env = {PATH: `${other.directory}:${server.env.PATH}`}
    const run = await other.run(
      `db:restore ${what} --from ${set} --dir ${join(site.directory, 'backups')} --yes --json`,
      {env},
    )
    expect(errorOf(run)).toMatchObject({code: 'restore-failed', exitCode: 6})
    if (why !== undefined) expect(errorOf(run).message).toBe(`nothing was changed: ${why}`)
  })
})

describe('an interrupt after the commit', () => {
  test('a restore that has been committed is still reported', async () => {
    await using late = await siteFor(server)
    await server.sql(SLOW)
    const {id} = await backup(late, '--schema', 'slow')
    const running = late.start(['db:restore', '--yes', '--schema', 'slow', '--from', id, '--json'])
    await until(server, "SELECT FROM pg_stat_activity WHERE query LIKE 'ANALYZE slow%'")
    running.kill('SIGINT')
    const run = await running.ended
    await server.sql('DROP SCHEMA slow CASCADE')
    expect(run).toMatchObject({exitCode: 0})
    expect(JSON.parse(run.stdout)).toMatchObject({schemas: ['slow'], undo: {command: expect.any(String)}})
  })

  test('a restore that is interrupted earlier changes nothing', async () => {
    await using late = await siteFor(server)
    await server.sql(SLOW)
    const {id} = await backup(late, '--schema', 'slow')
    await server.sql('DELETE FROM slow.rows WHERE n > 1')
    const running = late.start(['db:restore', '--yes', '--schema', 'slow', '--from', id, '--json'])
    await until(server, 'SELECT FROM pg_stat_progress_create_index')
    running.kill('SIGTERM')
    const run = await running.ended
    const rows = await server.sql('SELECT count(*) FROM slow.rows')
    await server.sql('DROP SCHEMA slow CASCADE')
    expect(rows).toBe('1')
    expect(run.exitCode).toBe(143)
    expect(errorOf(run)).toMatchObject({code: 'terminated'})
  })
})

describe('damaged backups', () => {
  const names: Record<string, (id: string) => string> = {
    archive: id => `user_${id}.sql.gz`,
    roles: id => `globals_${id}.sql.gz`,
    'manifest.json': () => 'manifest.json',
    SHA256SUMS: () => 'SHA256SUMS',
  }
  const damages: Record<string, (content: Buffer) => Buffer | undefined> = {
    'a bit flipped': content => {
      const middle = content.length >> 1
      return Buffer.concat([
        content.subarray(0, middle),
        Buffer.from([content[middle]! ^ 16]),
        content.subarray(middle + 1),
      ])
    },
    'a truncated end': content => content.subarray(0, -7),
    'only its first half': content => content.subarray(0, content.length >> 1),
    'no content': () => Buffer.alloc(0),
    'been deleted': () => undefined,
  }
  const parts = Object.keys(names)
  const titles = Object.keys(damages)
  const idOf = (part: string, title: string): string =>
    `202601${10 + parts.indexOf(part)}T02000${titles.indexOf(title)}Z`

  let other: Site
  let files: string[]
  let listed: Map<string, string>
  let good: Map<string, boolean>
  // All damaged backups are in one repository, so that db:list and db:verify are run only once.
  beforeAll(async () => {
    other = await siteFor(server)
    for (const part of parts) {
      for (const title of titles) {
        const id = idOf(part, title)
        const file = join(await copySet(other, id), names[part]!(id))
        const content = damages[title]!(await readFile(file))
        await (content ? writeFile(file, content) : rm(file))
      }
    }
    files = await readdir(rootOf(other))
    const {sets} = await report<ListReport>(other, ['db:list'])
    listed = new Map(sets.map(({id, state}) => [id, state]))
    const {exitCode, stdout} = await other.run('db:verify --json')
    expect(exitCode).toBe(7)
    good = new Map((JSON.parse(stdout) as VerifyReport).sets.map(one => [one.id, one.valid]))
  })
  afterAll(() => other[Symbol.asyncDispose]())

  describe.each(parts)('a backup whose %s is damaged', part => {
    test.each(titles)('is not restored when it has %s', async title => {
      const id = idOf(part, title)
      expect(await failure(other, 'db:restore', '--yes', '--all', '--from', id)).toMatchObject({
        code: 'archive-damaged',
        exitCode: 7,
      })
      expect(await lastWrite(server)).toBe(written)
      expect(await readdir(rootOf(other))).toEqual(files)
      expect(good.get(id)).toBe(false)
      // db:list does not read the content of archives.
      const unread = title === 'a bit flipped' && (part === 'archive' || part === 'roles')
      const unfinished = title === 'been deleted' && part === 'SHA256SUMS'
      expect(listed.get(id)).toBe(unread ? 'complete' : unfinished ? 'partial' : 'damaged')
    })
  })
})

describe('an archive that changes while it is restored', () => {
  const changes = {
    'is changed in place': (path: string) => alter(path, content => content.fill(0, content.length - 1000)),
    'is cut off': (path: string) => alter(path, content => content.subarray(0, -1000)),
    grows: (path: string) => alter(path, content => Buffer.concat([content, Buffer.alloc(1000)])),
  }
  test.each(Object.entries(changes))('restores nothing when it %s', async (_, change) => {
    await using other = await siteFor(server)
    const path = await copySet(other)
    await using held = await hold(server, 'crew.photos')
    const running = other.start(['db:restore', '--yes', '--schema', 'crew', '--from', set, '--json'])
    await waitingForTable(server)
    await change(join(path, `crew_${set}.sql.gz`))
    await held.release()
    const run = await running.ended
    expect(errorOf(run)).toMatchObject({
      code: 'archive-damaged',
      message: expect.stringContaining('its checksum does not match the backup'),
    })
  })

  const losses = {
    'is replaced by another': (path: string) =>
      cp(join(path, `event_${set}.sql.gz`), join(path, `crew_${set}.sql.gz`)),
    'is deleted': (path: string) => rm(join(path, `crew_${set}.sql.gz`)),
    'is deleted with its whole backup': (path: string) => rm(path, {recursive: true}),
    'becomes a directory': async (path: string) => {
      await rm(join(path, `crew_${set}.sql.gz`))
      await mkdir(join(path, `crew_${set}.sql.gz`))
    },
  }
  test.each(Object.entries(losses))('restores nothing when it %s', async (_, lose) => {
    await using other = await siteFor(server)
    const path = await copySet(other)
    const running = other.start(['db:restore', '--yes', '--schema', 'crew', '--from', set])
    await seen(running.stderr, 'safety backup: started')
    await lose(path)
    const run = await running.ended
    expect(run.exitCode, run.stderr).toBe(7)
  })
})

type Json = Record<string, unknown> & {archives: Record<string, unknown>[]; globals: Record<string, unknown>}

describe('a hostile manifest', () => {
  const archiveWith = (more: object) => (manifest: Json) => {
    Object.assign(manifest.archives[0]!, more)
    return manifest
  }
  const unusable: Record<string, (manifest: Json) => unknown> = {
    'a file outside of its directory': archiveWith({file: '../../../outside.sql.gz'}),
    'a file with an absolute path': archiveWith({file: '/etc/passwd'}),
    'its own directory as a file': archiveWith({file: '.'}),
    'a NUL in the name of a file': archiveWith({file: `crew\0_${set}.sql.gz`}),
    'a NUL in the name of a schema': archiveWith({schema: 'cr\0ew'}),
    'a NUL in the name of a table': archiveWith({tables: [{name: 'cr\0ews', rows: 1}]}),
    'a schema without a name': archiveWith({schema: ''}),
    'a negative number of bytes': archiveWith({bytes: -1}),
    'too many bytes for a number': archiveWith({bytes: 2 ** 60}),
    'half a byte': archiveWith({bytes: 10.5}),
    'a word instead of a number': archiveWith({bytes: 'many'}),
    'too many rows for a number': archiveWith({tables: [{name: 'crews', rows: 1e300}]}),
    'an invalid checksum': archiveWith({sha256: '*'.repeat(64)}),
    'a list instead of an object': manifest => [manifest],
    'only null': () => null,
    'archives that are text': manifest => ({...manifest, archives: 'all'}),
    'no archives at all': manifest => ({...manifest, archives: []}),
    'a later format': manifest => ({...manifest, format: 2}),
    'the ID of another backup': manifest => ({...manifest, id: '20200101T000000Z'}),
    'one archive under two names': manifest => ({
      ...manifest,
      archives: [...manifest.archives, {...manifest.archives[0], schema: 'twin'}],
    }),
    'one schema in two archives': manifest => ({
      ...manifest,
      archives: [...manifest.archives, manifest.archives[0]],
    }),
    'roles in another directory': manifest => ({
      ...manifest,
      globals: {...manifest.globals, file: '../globals.sql.gz'},
    }),
    'a hundred thousand archives': manifest => ({
      ...manifest,
      archives: Array.from({length: 100_000}, (_, n) => ({
        ...manifest.archives[0],
        file: `x${n}`,
        schema: `x${n}`,
      })),
    }),
  }
  test.each(Object.entries(unusable))('with %s makes the backup damaged', async (_, change) => {
    await using other = await siteFor(server)
    await writeManifest(await copySet(other), change)
    const error = await failure(other, 'db:restore', '--yes', '--all', '--from', set)
    expect(error).toMatchObject({code: 'archive-damaged', exitCode: 7})
    expect(await lastWrite(server)).toBe(written)
  })

  const ofOtherSchemas: Record<string, (manifest: Json) => unknown> = {
    'SQL as the name of a schema': archiveWith({
      schema: 'x"; DROP SCHEMA "user" CASCADE; --\n\\! touch /tmp/x',
    }),
    'exchanged names of archives': manifest => {
      const [one, other] = manifest.archives
      return {
        ...manifest,
        archives: [
          {...one, schema: other!.schema},
          {...other, schema: one!.schema},
        ],
      }
    },
  }
  test.each(Object.entries(ofOtherSchemas))(
    'with %s is refused before anything is changed',
    async (_, change) => {
      await using other = await siteFor(server)
      await writeManifest(await copySet(other), change)
      const error = await failure(other, 'db:restore', '--yes', '--all', '--from', set)
      expect(error).toMatchObject({code: 'archive-damaged', exitCode: 7})
    },
  )

  const misleading: Record<string, (manifest: Json) => unknown> = {
    'SQL as the name of a table': archiveWith({
      tables: [{name: `crews'; DROP SCHEMA "user" CASCADE; --`, rows: 1}],
    }),
    'other row counts than the archive': archiveWith({tables: [{name: 'crews', rows: 3}]}),
    'SQL as the name of an extension': manifest => ({
      ...manifest,
      extensions: [{name: 'x"; DROP SCHEMA "user" CASCADE; --', version: '1', schema: 'public'}],
    }),
  }
  test.each(Object.entries(misleading))('with %s changes nothing', async (_, change) => {
    await using other = await siteFor(server)
    await writeManifest(await copySet(other), change)
    const error = await failure(other, 'db:restore', '--yes', '--all', '--from', set)
    expect(error).toMatchObject({code: 'restore-failed', exitCode: 6})
  })

  test('with a matching checksum does not make an archive valid', async () => {
    await using other = await siteFor(server)
    await forge(await copySet(other), `crew_${set}.sql.gz`, dump =>
      dump.replace(/^-- PostgreSQL database dump complete/m, 'COMMIT;\n$&'),
    )
    const error = await failure(other, 'db:restore', '--yes', '--schema', 'crew', '--from', set)
    expect(error).toMatchObject({code: 'archive-damaged', exitCode: 7})
    expect(error.message).toContain('contains the command "commit"')
  })

  test('with a matching checksum gets only roles from the archive of the roles', async () => {
    await using other = await siteFor(server)
    const globals = `globals_${set}.sql.gz`
    const path = await copySet(other)
    await forge(path, globals, roles =>
      roles.replace(
        /^-- PostgreSQL database cluster dump complete/m,
        String.raw`CREATE ROLE pupil;
ALTER ROLE pupil WITH NOLOGIN; ALTER ROLE pupil WITH SUPERUSER;
GRANT CREATE ON DATABASE look TO pupil;
GRANT aquastream, pupil TO pupil;
COMMENT ON ROLE pupil IS E'it\'s; $& ';
$&`,
      ),
    )
    await restore(other, '--all', '--from', set, '--into', 'look', '--create')
    const pupil = await server.sql(
      "SELECT rolsuper, has_database_privilege(oid, 'look', 'CREATE'), shobj_description(oid, 'pg_authid') FROM pg_roles WHERE rolname = 'pupil'",
    )
    await server.sql('DROP DATABASE look WITH (FORCE)')
    await server.sql('DROP ROLE pupil')
    expect(pupil).toBe("f|f|it's; -- PostgreSQL database cluster dump complete ")
    await forge(path, globals, roles => roles.replace(/^CREATE ROLE/m, '\\! touch /tmp/x\n$&'))
    expect(await failure(other, 'db:restore', '--yes', '--all', '--from', set)).toMatchObject({
      code: 'archive-damaged',
      message: 'the archive of the roles is damaged: it contains the psql command \\!',
    })
  })

  test('of fifty megabytes is not read, but damaged', async () => {
    await using other = await siteFor(server)
    await writeManifest(await copySet(other), manifest => ({...manifest, label: 'x'.repeat(50 * 1024 ** 2)}))
    const {sets} = await report<ListReport>(other, ['db:list'])
    expect(sets[0]).toMatchObject({
      state: 'damaged',
      reason: expect.stringMatching(/^manifest\.json is too large \(\d+ bytes\)$/) as string,
    })
    expect(await failure(other, 'db:restore', '--yes', '--all', '--from', set)).toMatchObject({exitCode: 7})
  })

  test('that is nested too deeply makes the backup damaged', async () => {
    await using other = await siteFor(server)
    await writeManifest(
      await copySet(other),
      manifest => manifest,
      () => '['.repeat(1_000_000),
    )
    expect(await failure(other, 'db:restore', '--yes', '--all', '--from', set)).toMatchObject({exitCode: 7})
  })

  test('with circular links can still be restored', async () => {
    await using other = await siteFor(server)
    await writeManifest(await copySet(other), manifest => ({
      ...manifest,
      archives: manifest.archives.map(archive => ({
        ...archive,
        links: manifest.archives.map(({schema}) => ({kind: 'view', name: 'v', schema})),
      })),
    }))
    await restore(other, '--all', '--from', set)
    await server.sql(`${ACCIDENT} DELETE FROM crew.photos WHERE n > 100`)
  })
})

describe('the disk of the backups', () => {
  test.runIf(canMount)('that is full leaves no partial backup', async () => {
    await using other = await siteFor(server)
    await using disk = await mountSmallDisk(join(other.directory, 'backups'), 1024 ** 2)
    expect(await checkSums(disk.path)).toEqual(new Map())
    const error = await failure(other, 'db:backup')
    expect(error).toMatchObject({code: 'disk-full', exitCode: 3})
    const [, named] = /du -sh (\S+)$/.exec(error.hint) ?? []
    expect(existsSync(named!), error.hint).toBe(true)
    expect(await report(other, ['db:list'])).toMatchObject({sets: []})
  })

  test.runIf(canMount)('that is full prevents a restore', async () => {
    await using other = await siteFor(server)
    await using disk = await mountSmallDisk(join(other.directory, 'backups'), 14 * 1024 ** 2)
    await copySet(other)
    const sets = await checkSums(rootOf(other))
    await fill(join(disk.path, 'filler'))
    expect(await failure(other, 'db:restore', '--yes', '--schema', 'crew', '--from', set)).toMatchObject({
      code: 'disk-full',
      exitCode: 3,
    })
    expect(await checkSums(rootOf(other))).toEqual(sets)
  })

  test('in a file system without directories is reported', async () => {
    await using other = await siteFor(server)
    expect(await failure(other, 'db:backup', '--dir', '/proc/backups')).toMatchObject({
      code: 'backup-directory',
      exitCode: 3,
      message: '/proc/backups/dev cannot be used: its file system does not accept new directories',
      hint: expect.stringContaining('ls -ld /proc;'),
    })
  })

  test.runIf(canMount)('that is read-only is reported as such', async () => {
    await using other = await siteFor(server)
    await using disk = await mountReadOnly(join(other.directory, 'disk'))
    expect(await failure(other, 'db:backup', '--dir', disk.path)).toMatchObject({
      code: 'backup-directory',
      exitCode: 3,
      message: `${disk.path}/dev cannot be used: the file system is read-only`,
    })
  })

  test.runIf(process.getuid?.() === 0)('that the user cannot write is reported as such', async () => {
    await using other = await siteFor(server)
    await mkdir(join(other.directory, 'backups', 'dev'), {recursive: true})
    await chmod(other.directory, 0o755)
    const run = await other.run(['db:backup', '--json'], {user: NOBODY, env: {HOME: '/nonexistent'}})
    expect(errorOf(run)).toMatchObject({
      code: 'backup-directory',
      exitCode: 3,
      message: expect.stringContaining('permission denied'),
    })
  })

  test.runIf(process.getuid?.() === 0)('whose archives the user cannot read restores nothing', async () => {
    await using other = await siteFor(server)
    const path = await copySet(other)
    await chmod(other.directory, 0o755)
    await chown(rootOf(other), NOBODY, NOBODY)
    await chmod(join(other.directory, 'backups'), 0o755)
    const run = await other.run(['db:restore', '--yes', '--all', '--from', set, '--json'], {
      user: NOBODY,
      env: {HOME: '/nonexistent'},
    })
    expect(path).toContain(set)
    expect([3, 7]).toContain(run.exitCode)
  })

  test.runIf(process.getuid?.() === 0)('with the leftovers of another user can be restored', async () => {
    await using other = await siteFor(server)
    const path = await copySet(other)
    const leftover = join(rootOf(other), '.20260101T000000Z.partial')
    await mkdir(leftover, {mode: 0o700})
    await writeFile(join(leftover, 'manifest.json'), '')
    for (const place of [other.directory, join(other.directory, 'backups')]) await chmod(place, 0o755)
    const names = (await readdir(path)).map(name => join(path, name))
    for (const place of [rootOf(other), path, ...names]) await chown(place, NOBODY, NOBODY)
    const run = await other.run(
      ['db:restore', '--yes', '--schema', 'event', '--from', set, '--into', 'look', '--create'],
      {user: NOBODY, env: {HOME: '/nonexistent'}},
    )
    await server.sql('DROP DATABASE IF EXISTS look WITH (FORCE)')
    expectDone(run)
    expect(existsSync(leftover)).toBe(true)
  })

  test('whose directory is deleted leaves no partial backup', async () => {
    await using other = await siteFor(server)
    await using held = await hold(server, 'crew.photos', 'ACCESS EXCLUSIVE')
    const running = other.start(['db:backup', '--json'])
    await waitingForTable(server)
    await rm(join(other.directory, 'backups'), {recursive: true})
    await held.release()
    const run = await running.ended
    expect([3, 8], run.stdout + run.stderr).toContain(run.exitCode)
    expect(await report(other, ['db:list'])).toMatchObject({sets: []})
  })
})

test.runIf(canMount)('a restore on a full server disk changes nothing', async () => {
  await using disk = await mountSmallDisk(join(server.directory, 'small'), 48 * 1024 ** 2)
  await using other = await siteFor({url: server.url.replace(/aquastream$/, 'cramped'), env: server.env})
  const place = join(disk.path, 'tablespace')
  await mkdir(place)
  await chown(place, NOBODY, NOBODY)
  await server.sql(`CREATE TABLESPACE small LOCATION '${place}'`)
  await server.sql('CREATE DATABASE cramped TABLESPACE small')
  const cramped: TestServer['sql'] = text => server.sql(text, {database: 'cramped'})
  await cramped(FIXTURE)
  await backup(other)
  await cramped(ACCIDENT)
  const then = await fingerprint({sql: cramped})
  // CREATE DATABASE leaves holes in files, which are filled when the buffers are written.
  await cramped('CHECKPOINT')
  await fill(join(disk.path, 'filler'))
  const error = await failure(other, 'db:restore', '--yes', '--all')
  expect(error).toMatchObject({code: 'restore-failed', exitCode: 6})
  expect(error.message).toContain('No space left')
  expect(error.hint).toContain('free disk space on the server')
  expect(await remains({sql: cramped})).toBe('')
  expect(await fingerprint({sql: cramped})).toBe(then)
  await rm(join(disk.path, 'filler'))
  await restore(other, '--all')
  await server.sql('DROP DATABASE cramped WITH (FORCE)')
  await server.sql('DROP TABLESPACE small')
})

describe('settings of the role and of the database', () => {
  const LIMITS = `
    ALTER ROLE aquastream SET statement_timeout = '1ms';
    ALTER ROLE aquastream SET idle_in_transaction_session_timeout = '1ms';
    ALTER ROLE aquastream SET idle_session_timeout = '100ms';
    ALTER ROLE aquastream SET lock_timeout = '1ms';
    ALTER DATABASE aquastream SET default_transaction_read_only = on;
    ALTER DATABASE postgres SET default_transaction_read_only = on;
    ALTER ROLE aquastream SET row_security = off;
    ALTER ROLE aquastream SET search_path = crew, "user";
    ALTER ROLE aquastream SET client_min_messages = debug1;
    ALTER ROLE aquastream SET standard_conforming_strings = off;
    ALTER ROLE aquastream SET bytea_output = escape;
    ALTER ROLE aquastream SET DateStyle = 'SQL, DMY';`
  const NO_LIMITS = `
    SET default_transaction_read_only = off;
    ALTER ROLE aquastream RESET ALL; ALTER DATABASE aquastream RESET ALL; ALTER DATABASE postgres RESET ALL`

  test.each([
    ['a backup', ['db:backup', '--schema', 'crew']],
    ['a restore', ['db:restore', '--yes', '--schema', 'crew', '--dry-run']],
    ['a test restore', ['db:verify', '--restore', 'latest']],
  ])('do not end %s', async (_, words) => {
    await using other = await siteFor(server)
    await copySet(other)
    await server.sql(LIMITS)
    const run = await other.run(words)
    await server.sql(NO_LIMITS)
    expect(run).toMatchObject({exitCode: 0})
  })

  test('do not make the server compile queries', async () => {
    await using other = await siteFor(server)
    const before = (await readFile(server.logFile)).length
    // The server reports at this level that it searches the library that compiles.
    await server.sql(`
      ALTER ROLE aquastream SET jit = on;
      ALTER ROLE aquastream SET jit_above_cost = 0;
      ALTER ROLE aquastream SET log_min_messages = debug1;`)
    await backup(other)
    await restore(other, '--all')
    await server.sql('ALTER ROLE aquastream RESET ALL')
    const log = (await readFile(server.logFile)).subarray(before).toString()
    expect(log).toContain('DEBUG')
    expect(log).not.toContain('JIT')
  })
})

/** A table whose index is slow to create and slow to analyze. */
const SLOW = `
  CREATE SCHEMA slow;
  CREATE FUNCTION slow.nap(n int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$BEGIN PERFORM pg_sleep(0.1); RETURN n; END$$;
  CREATE TABLE slow.rows AS SELECT n FROM generate_series(1, 20) n;
  CREATE INDEX ON slow.rows (slow.nap(n));`

/** Copies the backup to the repository of another site, optionally with another ID. */
async function copySet(other: Site, id = set): Promise<string> {
  const path = join(rootOf(other), id)
  await cp(join(rootOf(site), set), path, {recursive: true})
  if (id === set) return path
  for (const name of await readdir(path)) await rename(join(path, name), join(path, name.replace(set, id)))
  await alter(join(path, 'SHA256SUMS'), sums => Buffer.from(sums.toString().replaceAll(set, id)))
  await writeManifest(
    path,
    manifest => manifest,
    text => text.replaceAll(set, id),
  )
  return path
}

async function alter(path: string, change: (content: Buffer) => Buffer): Promise<void> {
  await writeFile(path, change(await readFile(path)))
}

/** Changes the text of an archive of a backup, and its checksums accordingly. */
async function forge(set: string, name: string, change: (text: string) => string): Promise<void> {
  await alter(join(set, name), content => gzipSync(change(gunzipSync(content).toString())))
  const content = await readFile(join(set, name))
  const sha256 = createHash('sha256').update(content).digest('hex')
  await alter(join(set, 'SHA256SUMS'), sums =>
    Buffer.from(sums.toString().replace(new RegExp(`^.*(?=  ${name}$)`, 'm'), sha256)),
  )
  await writeManifest(set, manifest => {
    const archives = [...manifest.archives, manifest.globals]
    Object.assign(
      archives.find(({file}) => file === name)!,
      {bytes: content.length, sha256},
    )
    return manifest
  })
}

/** Changes the manifest of a backup, and its checksum accordingly. */
async function writeManifest(
  set: string,
  change: (manifest: Json) => unknown,
  rewrite = (text: string) => text,
): Promise<void> {
  const file = join(set, 'manifest.json')
  const text = rewrite(JSON.stringify(change(JSON.parse(await readFile(file, 'utf8')) as Json)))
  await writeFile(file, text)
  const sum = createHash('sha256').update(text).digest('hex')
  const sums = await readFile(join(set, 'SHA256SUMS'), 'utf8')
  await writeFile(join(set, 'SHA256SUMS'), sums.replace(/^.*(?= {2}manifest\.json$)/m, sum))
}

/** Writes to a file until the disk is full. */
async function fill(path: string): Promise<void> {
  const block = Buffer.alloc(64 * 1024)
  try {
    for (;;) await appendFile(path, block)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
  }
}

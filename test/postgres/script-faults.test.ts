import {existsSync} from 'node:fs'
import {cp, mkdir, readdir, readFile, rm, writeFile} from 'node:fs/promises'
import {delimiter, join, resolve} from 'node:path'
import {setTimeout as sleep} from 'node:timers/promises'
import {execa} from 'execa'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import type {Manifest} from '../../src/backup/repository/manifest.js'
import {siteFor} from '../helpers/backups.js'
import type {Site} from '../helpers/cli.js'

import {
  ACCIDENT,
  checkSums,
  descendants,
  fingerprint,
  FIXTURE,
  killNow,
  remains,
} from '../helpers/crash-site.js'
import {startPostgres, type TestServer} from '../helpers/postgres.js'
import {oneOf, randomFrom, roundsOr, SEED} from '../helpers/random.js'
import {pathOf, SHELLS, standIn} from '../helpers/shells.js'
import {hold, until} from '../helpers/waiting.js'
import {setId} from '../../src/backup/repository/backup-set.js'

const SCRIPTS = resolve(import.meta.dirname, '../../infra/backup')

const MANY_TABLES = `
  CREATE SCHEMA many;
  DO $$ BEGIN FOR n IN 1..1800 LOOP EXECUTE format('CREATE TABLE many.%I (n int)', rpad(n::text, 60, 'x')); END LOOP; END $$`

/** Rounds of each fault. To change the number or repeat a run: AQUASTREAM_TEST_ROUNDS=5 AQUASTREAM_TEST_SEED=1 */
const ROUNDS = roundsOr(1)
const random = randomFrom(SEED)

let server: TestServer
let site: Site
let sets: string
let good: string
let before: string
let after: string
beforeAll(async () => {
  // A session that sets synchronous_commit waits in its COMMIT without end.
  server = await startPostgres({
    settings: {synchronous_standby_names: 'nobody', synchronous_commit: 'local'},
  })
  site = await siteFor(server)
  sets = join(site.directory, 'sets')
  await server.sql(FIXTURE)
  expect(await run(['dash'], 'backup.sh', ['--dir', sets]).ended).toMatchObject({exitCode: 0})
  good = (await readdir(sets))[0]!
  await server.sql(ACCIDENT)
  before = await fingerprint(server)
  expect(await run(['dash'], 'restore.sh', ['user', archive()]).ended).toMatchObject({exitCode: 0})
  after = await fingerprint(server)
})
afterAll(async () => {
  await site[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

describe.each(SHELLS.map(name => ({name, words: name.split(' ')})))('in $name', ({words}) => {
  test('an ID that is already in use is skipped', async () => {
    const [now, directory] = [Date.now(), join(site.directory, `seconds-${words[0]}`)]
    const taken = [0, 1, 2].map(seconds => setId(new Date(now + seconds * 1000)))
    for (const id of taken) await mkdir(join(directory, id), {recursive: true})
    expect(await run(words, 'backup.sh', ['--dir', directory, 'user']).ended).toMatchObject({exitCode: 0})
    expect(await readdir(directory)).toHaveLength(4)
  })

  test('a manifest may be longer than an argument', async () => {
    const directory = join(site.directory, `many-${words[0]}`)
    await server.sql('CREATE DATABASE many')
    await server.sql(MANY_TABLES, {database: 'many'})
    const result = await run(words, 'backup.sh', ['--dir', directory], {PGDATABASE: 'many'}).ended
    await server.sql('DROP DATABASE many')
    expect(result).toMatchObject({exitCode: 0})
    const [id] = await readdir(directory)
    const manifest = JSON.parse(await readFile(join(directory, id!, 'manifest.json'), 'utf8')) as Manifest
    expect(manifest.archives[0]?.tables).toHaveLength(1800)
  })

  const faults = ['SIGKILL', 'SIGINT', 'SIGTERM', 'a killed child process']

  test.each(faults)('%s leaves either a complete backup or none', async fault => {
    for (let round = 0; round < ROUNDS; round++) {
      const earlier = await checkSums(sets)
      const {exitCode} = await strike(run(words, 'backup.sh', ['--dir', sets]), fault)
      const now = await checkSums(sets)
      const added = [...now.keys()].filter(id => !earlier.has(id))
      expect([...now.values()].filter(kind => kind !== 'backup')).toEqual([])
      expect(now.has(good)).toBe(true)
      if (fault !== 'SIGKILL') expect(added.length, `exit ${exitCode}`).toBe(exitCode === 0 ? 1 : 0)
      expect(await remains(server)).toBe('')
    }
    expect(await run(words, 'backup.sh', ['--dir', sets]).ended).toMatchObject({exitCode: 0})
    expect((await readdir(sets)).filter(name => name.startsWith('.'))).toEqual([])
  })

  test.each(faults)('%s leaves the schema either replaced or unchanged', async fault => {
    for (let round = 0; round < ROUNDS; round++) {
      await server.sql(ACCIDENT)
      const {exitCode, stderr} = await strike(run(words, 'restore.sh', ['user', archive()]), fault)
      expect(await remains(server)).toBe('')
      const now = await fingerprint(server)
      expect([before, after], stderr).toContain(now)
      if (exitCode === 0) expect(now).toBe(after)
      if (exitCode === 6 || exitCode === 7) expect(now, stderr).toBe(before)
    }
  })

  const damages = {
    'a different checksum': (content: Buffer) => Buffer.concat([content.subarray(0, -1), Buffer.from('x')]),
    'a truncated end': (content: Buffer) => content.subarray(0, -100),
    'a missing second half': (content: Buffer) => content.subarray(0, content.length >> 1),
    'no content': () => Buffer.alloc(0),
  }
  test.each(Object.entries(damages))('an archive with %s changes nothing', async (_, damage) => {
    await server.sql(ACCIDENT)
    const copy = join(site.directory, 'damaged')
    await cp(join(sets, good), copy, {recursive: true})
    const file = join(copy, `user_${good}.sql.gz`)
    await writeFile(file, damage(await readFile(file)))
    expect(await run(words, 'restore.sh', ['user', file]).ended).toMatchObject({exitCode: 7})
    // Without checksums, the content itself shows the damage.
    await rm(join(copy, 'SHA256SUMS'))
    expect(await run(words, 'restore.sh', ['user', file]).ended).toMatchObject({exitCode: 7})
    await rm(copy, {recursive: true})
    expect(await fingerprint(server)).toBe(before)
  })

  test('a failure at the end of gzip changes nothing', async () => {
    await server.sql(ACCIDENT)
    const bin = join(site.directory, `gzip-${words[0]}`)
    await mkdir(bin)
    // The first run of gzip, which tests the archive, succeeds.
    await writeFile(
      join(bin, 'gzip'),
      `#!/bin/sh\nPATH=${server.env.PATH} gzip "$@" && mkdir '${join(bin, 'tested')}' 2>/dev/null\n`,
      {mode: 0o755},
    )
    const env = {PATH: [bin, server.env.PATH].join(delimiter)}
    const {exitCode, stderr} = await run(words, 'restore.sh', ['user', archive()], env).ended
    expect(exitCode, stderr).toBe(6)
    expect(await fingerprint(server)).toBe(before)
  })

  test('a truncated plain dump changes nothing at all', async () => {
    await server.sql(ACCIDENT)
    const file = join(site.directory, 'cut.sql')
    const {stdout} = await execa('gunzip', ['-c', archive()])
    await writeFile(file, stdout.slice(0, stdout.length >> 1))
    expect(await run(words, 'restore.sh', ['user', file]).ended).toMatchObject({exitCode: 7})
    expect(await fingerprint(server)).toBe(before)
  })

  test('the exit status of pg_dump can fail the backup', async () => {
    const bin = join(site.directory, `pg_dump-${words[0]}`)
    await mkdir(bin)
    await writeFile(join(bin, 'pg_dump'), `#!/bin/sh\n${join(server.bin, 'pg_dump')} "$@"\nexit 1\n`, {
      mode: 0o755,
    })
    const earlier = await checkSums(sets)
    const env = {PATH: [bin, server.env.PATH].join(delimiter)}
    expect(await run(words, 'backup.sh', ['--dir', sets], env).ended).toMatchObject({exitCode: 5})
    expect(await checkSums(sets)).toEqual(earlier)
  })

  test.each(['at the same time', 'in the same second'])('two databases are backed up %s', async when => {
    await server.sql('DROP DATABASE IF EXISTS other WITH (FORCE)')
    await server.sql('CREATE DATABASE other TEMPLATE aquastream')
    const directory = join(site.directory, `${when} ${words[0]}`)
    const bin = join(directory, 'bin')
    const [began, go, same] = ['began', 'go', 'same'].map(name => join(bin, name))
    // The dump of the first one waits for the end of the second one.
    const waiting = `case $PGDATABASE in other) >'${began}'; until [ -e '${go}' ]; do sleep 0.1; done ;; esac`
    const PATH = await standIn(server, bin, {
      real: join(server.bin, 'pg_dump'),
      script: `${waiting}\nexec "$real" "$@"`,
    })
    await standIn(server, bin, {
      real: pathOf('date')!,
      script: `rm '${same}' 2>/dev/null || exec "$real" "$@"\necho 20260101T000000Z`,
    })
    const start = async (database: string): Promise<Script> => {
      if (when === 'in the same second') await writeFile(same!, '')
      return run(words, 'backup.sh', ['--dir', join(directory, 'sets')], {PATH, PGDATABASE: database})
    }
    const first = await start('other')
    while (!existsSync(began!)) await sleep(20)
    const second = await (await start('aquastream')).ended
    await writeFile(go!, '')
    expect([second, await first.ended]).toMatchObject([{exitCode: 0}, {exitCode: 0}])
    expect([...(await checkSums(join(directory, 'sets'))).values()]).toEqual(['backup', 'backup'])
    expect(await readdir(join(directory, 'sets'))).toHaveLength(2)
  })

  test('a rotation that fails does not fail the backup', async () => {
    const [directory, bin] = ['rotated', 'aquastream'].map(name =>
      join(site.directory, `${name} ${words[0]}`),
    )
    await mkdir(bin!)
    await writeFile(join(bin!, 'aquastream'), '#!/bin/sh\nexit 8\n', {mode: 0o755})
    const env = {PATH: [bin, server.env.PATH].join(delimiter)}
    const root = join(directory!, 'prod')
    const {exitCode, stderr} = await run(words, 'backup.sh', ['--dir', root], env).ended
    const [id] = await readdir(root)
    expect(exitCode).toBe(8)
    expect(stderr).toContain(
      `error: the backup ${id} is complete, but the rotation failed\nhint: fix the error reported above, then run aquastream db:rotate --profile prod`,
    )
    expect(stderr).not.toContain('the backup failed')
    expect(await checkSums(root)).toEqual(new Map([[id, 'backup']]))
  })

  test('a connection that is lost during COMMIT leaves an unknown result', async () => {
    await server.sql(ACCIDENT)
    const restore = run(words, 'restore.sh', ['user', archive()], {PGOPTIONS: '-c synchronous_commit=on'})
    const waiting = "FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
    await until(server, `SELECT ${waiting}`)
    await server.sql(`SELECT pg_terminate_backend(pid) ${waiting}`)
    const {exitCode, stderr} = await restore.ended
    expect(exitCode, stderr).toBe(4)
    expect(stderr).toContain('the connection was lost during COMMIT: user was either restored or not changed')
    const [query] = /SELECT pg_xact_status\('\d+'\)/.exec(stderr) ?? []
    expect(await server.sql(query!)).toBe('committed')
    expect(await fingerprint(server)).toBe(after)
  })

  test('a table with row-level security fails the backup', async () => {
    await server.sql(`DROP ROLE IF EXISTS reader; CREATE ROLE reader LOGIN; GRANT pg_read_all_data TO reader;
      ALTER TABLE payment.payments ENABLE ROW LEVEL SECURITY`)
    const earlier = await checkSums(sets)
    const ended = await run(words, 'backup.sh', ['--dir', sets], {PGUSER: 'reader'}).ended
    await server.sql('ALTER TABLE payment.payments DISABLE ROW LEVEL SECURITY; DROP ROLE reader')
    expect(ended.exitCode, ended.stderr).toBe(5)
    expect(await checkSums(sets)).toEqual(earlier)
  })

  test('a table that is dropped during the backup fails it', async () => {
    await server.sql('DROP DATABASE IF EXISTS shrinking WITH (FORCE)')
    await server.sql('CREATE DATABASE shrinking TEMPLATE aquastream')
    const earlier = await checkSums(sets)
    const shrinking = {sql: (text: string) => server.sql(text, {database: 'shrinking'})}
    await using held = await hold(shrinking, 'crew.crews', 'ACCESS EXCLUSIVE')
    const backup = run(words, 'backup.sh', ['--dir', sets], {PGDATABASE: 'shrinking'})
    // The snapshot has been taken, and pg_dump is locking the tables one after the other.
    await until(
      server,
      "SELECT FROM pg_stat_activity WHERE datname = 'shrinking' AND wait_event_type = 'Lock'",
    )
    await shrinking.sql('DROP TABLE notification.outbox')
    await held.release()
    const ended = await backup.ended
    expect(ended.exitCode, ended.stderr).toBe(5)
    expect(await checkSums(sets)).toEqual(earlier)
  })
})

interface Script {
  pid: number
  ended: Promise<{exitCode: number | undefined; stderr: string}>
}

/** Starts a script in its own process group, as an interactive shell does. */
function run([program, ...applet]: string[], script: string, args: string[], env: object = {}): Script {
  const running = execa(program!, [...applet, join(SCRIPTS, script), ...args], {
    cwd: site.directory,
    detached: true,
    reject: false,
    extendEnv: false,
    stdin: 'ignore',
    env: {
      PATH: server.env.PATH,
      HOME: site.directory,
      TMPDIR: site.directory,
      ...server.connection,
      ...env,
    },
  })
  return {pid: running.pid!, ended: running.then(({exitCode, stderr}) => ({exitCode, stderr}))}
}

/** Ends a script at a random moment: its process group by a signal, only the script, or only one child process. */
async function strike({pid, ended}: Script, fault: string): Promise<Awaited<Script['ended']>> {
  const delay = Math.round(50 + random() * 1000)
  console.log(`seed ${SEED}: ${fault} after ${delay} ms`)
  await Promise.race([sleep(delay), ended])
  if (fault === 'SIGKILL') killNow(pid)
  else if (fault.startsWith('SIG')) signalGroup(pid, fault as NodeJS.Signals)
  else {
    const child = oneOf(random, await descendants(pid))
    if (child) killNow(child.pid)
  }
  return ended
}

/** Sends a signal to a process group, as Ctrl-C does. */
function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

function archive(): string {
  return join(sets, good, `user_${good}.sql.gz`)
}

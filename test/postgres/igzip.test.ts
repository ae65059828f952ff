import {randomBytes} from 'node:crypto'
import {mkdir, readdir, readFile, symlink, writeFile} from 'node:fs/promises'
import {delimiter, join, resolve} from 'node:path'
import {gunzipSync} from 'node:zlib'
import {execa} from 'execa'
import {afterAll, afterEach, beforeAll, describe, expect, test} from 'vitest'
import type {Manifest} from '../../src/backup/repository/manifest.js'
import type {DoctorReport} from '../../src/doctor/doctor.js'
import {backup, report, restore, rootOf, siteFor, SMALL} from '../helpers/backups.js'
import type {Site} from '../helpers/cli.js'
import {descendants, fingerprint, remains} from '../helpers/crash-site.js'
import {startPostgres, type TestServer} from '../helpers/postgres.js'
import {pathOf, SHELLS, standIn} from '../helpers/shells.js'

const SCRIPTS = resolve(import.meta.dirname, '../../infra/backup')
const IGZIP = pathOf('igzip')

/** Programs that the scripts need, so that a PATH can be without igzip. */
const PROGRAMS =
  'sh dash busybox node id sed gzip awk date mkdir mkfifo mktemp rm mv cat head cut tr wc sync sleep od dirname basename sha256sum'

/** Values that differ in how well they can be compressed. */
const VARIED = `
  ALTER TABLE event.events ADD COLUMN alike text, ADD COLUMN unlike text;
  UPDATE event.events SET alike = repeat('a', 200000) WHERE id < 30;
  UPDATE event.events SET unlike = (SELECT string_agg(chr(20000 + (random() * 20000)::int), '') FROM generate_series(1, 20000) WHERE id > 0)
    WHERE id > 20;
  CREATE TABLE media.nothing (n int)`

let server: TestServer
let site: Site
let bin: string
let without: string

beforeAll(async () => {
  server = await startPostgres()
  await server.sql(SMALL)
  await server.sql(VARIED)
  site = await siteFor(server)
  bin = join(site.directory, 'programs')
  without = join(site.directory, 'without')
  for (const directory of [bin, without]) await mkdir(directory)
  for (const name of PROGRAMS.split(' ')) {
    const path = name === 'node' ? process.execPath : pathOf(name)
    if (path !== undefined) await symlink(path, join(without, name))
  }
})
afterAll(async () => {
  await site[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})
afterEach(async () => {
  expect(await remains(server)).toBe('')
})

/** Returns a PATH in which a program is a script. */
async function pathWith(program: 'igzip' | 'pg_dump', script: string): Promise<string> {
  const real = program === 'igzip' ? IGZIP! : join(server.bin, program)
  return standIn(server, join(bin, `${program}-${(await readdir(bin)).length}`), {real, script})
}

async function manifestIn(directory: string): Promise<Manifest> {
  return JSON.parse(await readFile(join(directory, 'manifest.json'), 'utf8')) as Manifest
}

/** Runs backup.sh manually. */
function byHand(
  shell: string,
  args: string[],
  path = server.env.PATH,
): Promise<{exitCode?: number; stdout: string; stderr: string}> {
  const [program = '', ...applet] = shell.split(' ')
  return execa(program, [...applet, join(SCRIPTS, 'backup.sh'), ...args], {
    reject: false,
    extendEnv: false,
    stdin: 'ignore',
    env: {
      PATH: path,
      HOME: site.directory,
      TMPDIR: site.directory,
      ...server.connection,
    },
  })
}

/** Lists the repository; a killed run leaves its hidden draft. */
async function listRoot(): Promise<string[]> {
  const names = await readdir(rootOf(site)).catch(() => [])
  return names.filter(name => !name.startsWith('.'))
}

/** Reads all archives of a backup with gzip. */
async function checkWithGzip(directory: string): Promise<void> {
  const names = (await readdir(directory)).filter(name => name.endsWith('.gz'))
  await execa('gzip', ['-t', ...names], {cwd: directory})
}

/** How igzip can fail. */
const DEATHS = {
  'writes half of the archive': ['"$real" "$@" | head -c 900; exit 1', 1],
  'fails after the last byte': ['"$real" "$@"; exit 3', 3],
  'writes nothing': ['exit 1', 1],
  'is killed': ['kill -9 $$', 137],
  'is killed at the end': ['"$real" "$@"; kill -9 $$', 137],
  'is terminated at the end': ['"$real" "$@"; kill $$', 143],
} as const

/** How pg_dump can fail while igzip works. */
const FAILURES = {
  'fails after the last byte': '"$real" "$@"; exit 1',
  'writes half of the dump': '"$real" "$@" | head -c 3000; exit 1',
  'writes nothing': 'exit 1',
  'is killed at the end': '"$real" "$@"; kill -9 $$',
}

describe.skipIf(IGZIP === undefined)('with igzip', () => {
  test('an archive made by igzip is ordinary gzip, and restored', async () => {
    const before = await fingerprint(server)
    const {id, path} = await backup(site)
    await checkWithGzip(path)
    expect(await manifestIn(path)).toMatchObject({
      tools: {compressor: expect.stringMatching(/^igzip \d+\.\d+\.\d+$/)},
      archives: expect.arrayContaining([
        expect.objectContaining({schema: 'event', format: 'plain', compression: 'gzip'}),
      ]),
    })
    await report(site, ['db:verify', id])
    await server.sql('DELETE FROM event.events; DROP TABLE media.nothing')
    const restored = await restore(site, '--all', '--from', id)
    expect(await fingerprint(server)).toBe(before)
    // The safety backup needs no other program.
    expect(await manifestIn(join(rootOf(site), restored.undo!.id))).not.toHaveProperty('tools.compressor')
  })

  test('with a level, another method or format, pg_dump compresses', async () => {
    for (const words of ['--compression gzip:1', '--compression none', '--format custom']) {
      const {path} = await backup(site, '--schema', 'user', ...words.split(' '))
      expect((await manifestIn(path)).tools, words).not.toHaveProperty('compressor')
    }
  })

  test('without igzip in PATH, pg_dump compresses as before', async () => {
    const env = {PATH: [server.bin, without].join(delimiter)}
    const run = await site.run('db:backup --json', {env})
    expect(run.exitCode, run.stdout + run.stderr).toBe(0)
    const {path} = JSON.parse(run.stdout) as {path: string}
    await checkWithGzip(path)
    expect((await manifestIn(path)).tools).not.toHaveProperty('compressor')
  })

  test('an igzip that cannot be started is not used', async () => {
    const directory = join(bin, 'broken')
    await mkdir(directory)
    await writeFile(join(directory, 'igzip'), '#!/bin/sh\nexit 127\n', {mode: 0o755})
    const run = await site.run('db:backup --json', {
      env: {PATH: [directory, server.env.PATH].join(delimiter)},
    })
    expect(run.exitCode, run.stdout + run.stderr).toBe(0)
    expect((await manifestIn((JSON.parse(run.stdout) as {path: string}).path)).tools).not.toHaveProperty(
      'compressor',
    )
  })

  test.each(Object.entries(DEATHS))('an igzip that %s fails the backup', async (_, [script, status]) => {
    const earlier = await listRoot()
    const run = await site.run('db:backup --json', {env: {PATH: await pathWith('igzip', script)}})
    expect(JSON.parse(run.stdout)).toMatchObject({
      error: {
        code: 'backup-failed',
        exitCode: 5,
        message: expect.stringContaining(
          `could not be dumped: igzip failed with exit status ${status}`,
        ) as string,
        hint: expect.stringContaining('--compression gzip:1') as string,
      },
    })
    expect(await listRoot()).toEqual(earlier)
  })

  test('an igzip that loses the end fails the backup', async () => {
    const earlier = await listRoot()
    const PATH = await pathWith('igzip', '"$real" "$@" | head -c -9')
    const run = await site.run('db:backup --json', {env: {PATH}})
    expect(JSON.parse(run.stdout)).toMatchObject({error: {code: 'backup-failed', exitCode: 5}})
    expect(await listRoot()).toEqual(earlier)
  })

  test.each(Object.entries(FAILURES))('a pg_dump that %s fails the backup', async (_, script) => {
    const earlier = await listRoot()
    const run = await site.run('db:backup --json', {env: {PATH: await pathWith('pg_dump', script)}})
    expect(JSON.parse(run.stdout)).toMatchObject({error: {code: 'backup-failed', exitCode: 5}})
    expect(run.stdout).not.toContain('igzip failed')
    expect(await listRoot()).toEqual(earlier)
  })

  const hangs = [
    ['pg_dump', 'echo begun; exec sleep 600'],
    ['igzip', 'cat >/dev/null; exec sleep 600'],
  ] as const
  test.each(
    (['SIGINT', 'SIGTERM', 'SIGKILL'] as const).flatMap(signal =>
      hangs.map(hang => [signal, ...hang] as const),
    ),
  )('%s while %s hangs ends all programs', async (signal, program, script) => {
    const earlier = await listRoot()
    const env = {PATH: await pathWith(program, script)}
    const running = site.start('db:backup --schema user', {env})
    const hanging = program === 'igzip' ? /^sleep$/ : /^igzip$/
    await expect
      .poll(async () => (await descendants(running.pid)).map(({name}) => name), {timeout: 20_000})
      .toEqual(expect.arrayContaining(['sleep', expect.stringMatching(hanging)]))
    const programs = await descendants(running.pid)
    running.kill(signal)
    await running.ended
    await expect.poll(() => stillRunning(programs), {timeout: 10_000}).toEqual([])
    expect(await listRoot()).toEqual(earlier)
  })

  describe.each(SHELLS)('run manually in %s', shell => {
    test('the archives are ordinary gzip, and restored', async () => {
      const before = await fingerprint(server)
      const directory = join(site.directory, shell.replace(' ', '-'))
      const {exitCode, stdout, stderr} = await byHand(shell, ['--dir', directory])
      expect(exitCode, stderr).toBe(0)
      await checkWithGzip(stdout)
      const {id, tools} = await manifestIn(stdout)
      expect(tools.compressor).toMatch(/^igzip \d+\.\d+\.\d+$/)
      await server.sql('DELETE FROM event.events')
      await restore(site, '--schema', 'event', '--file', join(stdout, `event_${id}.sql.gz`))
      expect(await fingerprint(server)).toBe(before)
    })

    test('with a level or without igzip, pg_dump compresses', async () => {
      const directory = join(site.directory, `zlib-${shell.replace(' ', '-')}`)
      const level = await byHand(shell, ['--dir', directory, '--level', '1', 'user'])
      expect(level.exitCode, level.stderr).toBe(0)
      expect((await manifestIn(level.stdout)).tools).not.toHaveProperty('compressor')
      const none = await byHand(shell, ['--dir', directory, 'user'], [server.bin, without].join(delimiter))
      expect(none.exitCode, none.stderr).toBe(0)
      await checkWithGzip(none.stdout)
      expect((await manifestIn(none.stdout)).tools).not.toHaveProperty('compressor')
    })

    const faults = [
      ...Object.entries(DEATHS).map(([name, [script]]) => ['igzip', name, script] as const),
      ...Object.entries(FAILURES).map(([name, script]) => ['pg_dump', name, script] as const),
    ]
    test.each(faults)('a failing %s that %s leaves no backup', async (program, _, script) => {
      const directory = join(site.directory, `failed-${shell.replace(' ', '-')}`)
      const {exitCode, stderr} = await byHand(shell, ['--dir', directory], await pathWith(program, script))
      expect(exitCode, stderr).toBe(5)
      expect(stderr).toContain('could not be dumped')
      expect(await readdir(directory)).toEqual([])
      // The named pipe is removed as well.
      expect((await readdir(site.directory)).filter(name => name.startsWith('aquastream.'))).toEqual([])
    })
  })

  test('gzip and Node.js read every block type of igzip', async () => {
    const contents = [randomBytes(1 << 20), Buffer.alloc(30 << 20), Buffer.from('x'), Buffer.alloc(0)]
    const types = new Set<number>()
    for (const input of contents) {
      const options = {input, encoding: 'buffer'} as const
      const {stdout} = await execa(IGZIP!, ['-2'], options)
      expect(gunzipSync(stdout).equals(input)).toBe(true)
      await execa('gzip', ['-t'], {...options, input: stdout})
      // The header has ten bytes; the lowest bit of a block marks the last one, and the next two are its type.
      types.add((stdout[10]! >> 1) & 3)
    }
    expect([...types]).toContain(0)
    expect(types.size).toBeGreaterThan(1)
  })

  test('env:doctor names igzip, or tells how to install it', async () => {
    const find = async (env: NodeJS.ProcessEnv) => {
      const {stdout} = await site.run('env:doctor --json', {env})
      return (JSON.parse(stdout) as DoctorReport).checks.find(({check}) => check === 'compressor')
    }
    expect(await find({})).toMatchObject({
      verdict: 'ok',
      message: expect.stringMatching(/^igzip [\d.]+ compresses backups$/) as string,
      hint: null,
    })
    expect(await find({PATH: [server.bin, without].join(delimiter)})).toMatchObject({
      verdict: 'ok',
      message: expect.stringMatching(/^igzip not found on this machine; /) as string,
      hint: 'install it: apt-get install isal, or apk add isa-l',
    })
  })
})

/** Returns the processes that have not ended. */
function stillRunning(programs: {pid: number; name: string}[]): string[] {
  return programs.flatMap(({pid, name}) => {
    try {
      process.kill(pid, 0)
      return [name]
    } catch {
      return []
    }
  })
}

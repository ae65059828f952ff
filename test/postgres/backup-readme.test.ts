import {appendFile, mkdir, readdir, readFile, rename, symlink, writeFile} from 'node:fs/promises'
import {delimiter, join, resolve} from 'node:path'
import {execa} from 'execa'
import {afterAll, beforeAll, beforeEach, describe, expect, test} from 'vitest'
import {Site} from '../helpers/cli.js'
import {type Block, COUNT_SESSIONS, Guide, guideBlocks, has, SMALL_PLATFORM} from '../helpers/guide.js'
import {startPostgres, type TestServer} from '../helpers/postgres.js'

const SCRIPTS = resolve(import.meta.dirname, '../../infra/backup')
const blocks = guideBlocks()
const shell = blocks.filter(({language}) => language === 'sh')
const of = (runs: string): Block[] => shell.filter(block => block.runs === runs)

/** The requirements of the blocks that this file runs. */
const HERE = ['server', 'tools', 'custom', 'copies', 'offsite', 'restic', 'units']
/** Those of test/docker/backup-readme.test.ts and test/docker/lost-server.test.ts, and of offsite-locked.test.ts. */
const THERE = ['stack', 'bare', 'install', 'locked', 'rescue']

test('every command of the guide is run by a test', () => {
  expect(shell.length).toBeGreaterThan(20)
  expect(shell.filter(({runs}) => ![...HERE, ...THERE].includes(runs ?? ''))).toEqual([])
})

describe('the backup guide', () => {
  let server: TestServer
  let site: Site
  let bin: string
  let guide: Guide

  beforeAll(async () => {
    server = await startPostgres()
    site = await Site.open({PATH: server.env.PATH})
    bin = await Guide.install(site)
    await site.write('.env.prod', `DATABASE_URL=${server.url}\n`)
    await site.write('.env.stage', `DATABASE_URL=${server.url}\n`)
    guide = new Guide(site, site.directory, {
      '/srv/aquastream': site.directory,
      '/usr/local/bin': [bin, server.bin].join(delimiter),
      'backup@copies.example.com:aquastream/': `${site.directory}/copies/`,
    })
    await server.sql(SMALL_PLATFORM)
    await mkdir(join(site.directory, 'copies'))
    await symlink(process.execPath, join(bin, 'node'))
  })
  beforeEach(async () => {
    const run = await site.run('db:backup --profile prod')
    expect(run.exitCode, run.stderr).toBe(0)
  })
  afterAll(async () => {
    await site[Symbol.asyncDispose]()
    await server[Symbol.asyncDispose]()
  })

  async function runAll(list: Block[], where = guide): Promise<void> {
    expect(list.length).toBeGreaterThan(0)
    for (const block of list) {
      const run = await where.run(block)
      expect(run.exitCode, `${block.text}${run.stdout}${run.stderr}`).toBe(0)
    }
  }

  test('its commands restore rows and undo the restore', async () => {
    await server.sql('DELETE FROM "user".sessions')
    const steps = of('server').filter(({section}) => /^(\d\.|Undo)/.test(section))
    const undo = steps.findIndex(({section}) => section === 'Undo')
    await runAll(steps.slice(0, undo))
    expect(await server.sql(COUNT_SESSIONS)).toBe('20')
    await runAll(steps.slice(undo))
    expect(await server.sql(COUNT_SESSIONS)).toBe('0')
    await server.sql('INSERT INTO "user".sessions SELECT n, n FROM generate_series(1, 20) n')
  })

  test('its other commands for a database succeed', async () => {
    await runAll(of('server').filter(({section}) => !/^(\d\.|Undo)/.test(section)))
    expect(await server.sql("SELECT count(*) FROM pg_database WHERE datname LIKE 'aquastream\\_%'")).toBe('0')
  })

  test('its crontab lines work in the environment of cron', async () => {
    const [head = '', ...lines] = guide.adapt(cron()).trim().split('\n')
    expect(lines.map(line => line.slice(0, 10))).toEqual(['0 2 * * * ', '0 3 * * * '])
    for (const [index, profile] of ['prod', 'stage'].entries()) {
      const before = await sets(profile)
      expect(await asCron(head, lines[index]!)).toEqual({exitCode: 0, output: ''})
      expect(before).not.toContain((await sets(profile)).at(-1))
    }
  })

  test('its crontab lines print output when a backup fails', async () => {
    const [head = '', line = ''] = guide.adapt(cron()).trim().split('\n')
    const broken = line.replace('--profile prod', '--profile prod --schema no_such_schema')
    expect((await asCron(head, broken)).output).toContain('"no-such-schema"')
  })

  test.skipIf(!has('systemd-analyze'))('its systemd units are valid and take a backup', async () => {
    const root = join(site.directory, 'root')
    const directory = join(root, 'etc/systemd/system')
    await mkdir(directory, {recursive: true})
    for (const [name, text] of units()) await writeFile(join(directory, name), guide.adapt(text))
    const analyze = (...args: string[]) =>
      execa('systemd-analyze', args, {env: {SYSTEMD_UNIT_PATH: `${directory}:`}, all: true})
    expect(
      (await analyze('verify', 'aquastream-backup@prod.timer', 'aquastream-backup@stage.timer')).all,
    ).toBe('')
    const times = [...units()].flatMap(([, text]) => /^OnCalendar=(.*)$/m.exec(text)?.[1] ?? [])
    const next = await Promise.all(times.map(async time => (await analyze('calendar', time)).all))
    expect(next.join('\n')).toMatch(/02:00:00 UTC.*03:00:00 UTC/s)

    await systemctlFor(root, guide.adapt(units().get('aquastream-backup@.service')!))
    const before = await sets('prod')
    await runAll(of('units'))
    expect(before).not.toContain((await sets('prod')).at(-1))
    expect(await readdir(join(directory, 'timers.target.wants'))).toEqual(['aquastream-backup@prod.timer'])
  })

  test.skipIf(!has('rsync'))('its rsync command creates a copy that can be verified', async () => {
    await runAll(of('copies'))
    expect((await readdir(join(site.directory, 'copies/prod'))).sort()).toEqual(await sets('prod'))
    const run = await site.run('db:verify latest --profile prod --dir copies')
    expect(run.exitCode, run.stderr).toBe(0)
  })

  test.skipIf(!has('restic'))('its commands keep an encrypted copy, which restic alone reads', async () => {
    const env = {
      OFFSITE_REPOSITORY: join(site.directory, 'offsite'),
      OFFSITE_PASSWORD: 'password-$(of)-a-test',
    }
    const lines = Object.entries(env).map(([name, value]) => `${name}='${value}'\n`)
    await appendFile(join(site.directory, '.env.prod'), lines.join(''))
    const [init, nightly, ...others] = of('offsite')
    await runAll([init!, nightly!])
    await runAll(of('restic'))
    const id = (await sets('prod')).at(-1)!
    await rename(join(site.directory, 'backups/prod', id), join(site.directory, 'lost'))
    const pinned = new Guide(site, site.directory, {'20261123T020000Z': id})
    await runAll(others, pinned)
    expect(await sets('prod')).toContain(id)
  })

  test('its scripts only need the client tools of PostgreSQL', async () => {
    for (const name of ['backup.sh', 'restore.sh'])
      await writeFile(join(site.directory, name), await readFile(join(SCRIPTS, name)))
    await site.write('.pgpass', `127.0.0.1:${server.port}:*:aquastream:${server.password}\n`)
    await execa('chmod', ['600', join(site.directory, '.pgpass')])
    const env = {
      PGHOST: '127.0.0.1',
      PGPORT: String(server.port),
      PGUSER: 'aquastream',
      PGDATABASE: 'aquastream',
    }
    const hand = new Guide(site, site.directory, {'PGPORT=5432': `PGPORT=${server.port}`}, env)
    const [backup, restore, check, load] = of('tools')
    await runAll([backup!, restore!], hand)
    expect((await hand.run(check!)).stdout).toMatch(/: OK\n.*PostgreSQL database dump complete/s)
    await runAll([{...load!, text: `cd backups/prod/20261123T020000Z\n${load!.text}`}], hand)
    expect(await server.sql(COUNT_SESSIONS, {database: 'restored'})).toBe('20')
    expect(await server.sql(COUNT_SESSIONS)).toBe('20')

    const custom = await site.run('db:backup --profile prod --format custom')
    expect(custom.exitCode, custom.stderr).toBe(0)
    await runAll(of('custom'), hand)
    expect(await server.sql(COUNT_SESSIONS, {database: 'another'})).toBe('20')
  })

  function cron(): string {
    return blocks.find(({language}) => language === 'cron')!.text
  }

  /** Runs a crontab line in the environment of cron, and returns the output that cron would send by mail. */
  async function asCron(head: string, line: string): Promise<{exitCode: number; output: string}> {
    const command = line.split(' ').slice(5).join(' ')
    const env = [`HOME=${site.directory}`, 'LOGNAME=root', 'SHELL=/bin/sh', head]
    const {exitCode, all} = await execa('env', ['-i', ...env, '/bin/sh', '-c', command], {
      cwd: '/',
      all: true,
      reject: false,
    })
    return {exitCode: exitCode ?? -1, output: all}
  }

  /** Returns the three unit files by name. */
  function units(): Map<string, string> {
    const texts = blocks.filter(({language}) => language === 'ini').map(({text}) => text)
    const names = [
      'aquastream-backup@.service',
      'aquastream-backup@prod.timer',
      'aquastream-backup@stage.timer',
    ]
    return new Map(names.map((name, index) => [name, texts[index]!]))
  }

  /** Replaces systemctl, because systemd does not run here: `enable` is real, `start` runs the command of the unit. */
  async function systemctlFor(root: string, service: string): Promise<void> {
    const value = (name: string): string => new RegExp(`^${name}=(.*)$`, 'm').exec(service)![1]!
    const start = `cd ${value('WorkingDirectory')} && env -i ${value('Environment')} ${value('ExecStart').replaceAll('%i', 'prod')}`
    const script = `#!/bin/sh
case $1 in
daemon-reload) ;;
enable) exec /usr/bin/systemctl --root=${root} enable "$3" ;;
start) ${start} ;;
esac
`
    for (const [name, text] of [
      ['systemctl', script],
      ['journalctl', '#!/bin/sh\n'],
    ] as const)
      await writeFile(join(bin, name), text, {mode: 0o755})
  }

  /** Returns the IDs of the backups of a profile, the oldest first. */
  async function sets(profile: string): Promise<string[]> {
    const names = await readdir(join(site.directory, 'backups', profile)).catch(() => [])
    return names.filter(name => /^\d/.test(name)).sort()
  }
})

import {existsSync} from 'node:fs'
import {copyFile, mkdir, rm, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {execa} from 'execa'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import type {BackupReport} from '../../src/backup/create.js'
import type {OffsiteListReport} from '../../src/offsite/list.js'
import type {PushReport} from '../../src/offsite/push.js'
import {failure, report} from '../helpers/backups.js'
import {describe as describeDatabase, type Description, differences} from '../helpers/compare-databases.js'
import {Guide, guideBlocks} from '../helpers/guide.js'
import {Objects, type SeenObject} from '../helpers/objects.js'
import {type OffsiteServer, S3_SECRET, startS3, startSftp} from '../helpers/offsite-servers.js'
import {loadPlatform} from '../helpers/platform.js'
import type {Sql} from '../helpers/postgres.js'
import {PASSWORD} from '../helpers/restic.js'
import {SCHEMAS} from '../helpers/sets.js'
import {SECRETS, StackSite} from '../helpers/stack.js'

/** For the full number: AQUASTREAM_TEST_OBJECTS=2000 npm test -- lost-server; with a server of SFTP: AQUASTREAM_TEST_OFFSITE=sftp. */
const OBJECTS = Number(process.env.AQUASTREAM_TEST_OBJECTS ?? 60)
const isSftp = process.env.AQUASTREAM_TEST_OFFSITE === 'sftp'

/** The tests depend on each other: what the first ones push, the last one restores on a server that has nothing. */
describe('a lost server', () => {
  let site: StackSite
  let offsite: OffsiteServer
  let before: {database: Description; objects: Map<string, SeenObject>; keys: string}

  beforeAll(async () => {
    site = await StackSite.open()
    await Guide.install(site)
    if (isSftp) {
      const sftp = await startSftp(site)
      await writeFile(sftp.settings.OFFSITE_SSH_KNOWN_HOSTS_FILE!, sftp.knownHosts)
      offsite = sftp
    } else {
      offsite = await startS3(site)
    }
    await site.writeStageFile({...offsite.settings, OFFSITE_PASSWORD: PASSWORD})
    site.env.AQUASTREAM_PROFILE = 'stage'
    await site.succeed('env:up')
    await sql('DROP SCHEMA IF EXISTS "user", event, crew, payment, notification, media CASCADE')
    await loadPlatform({sql}, {views: false})
    await objects().fill(OBJECTS)
    await redis('SET session:1 sailor', 'HSET boat:7 name Windrose', 'SET short lived EX 100000')
    await site.succeed('db:backup')
    await site.succeed('offsite:init')
  }, 600_000)
  afterAll(async () => {
    await site[Symbol.asyncDispose]()
    await offsite[Symbol.asyncDispose]()
  })

  test('a push saves media and Redis with the newest backup', async () => {
    const {pushed, stores, notSaved} = await push()
    const set = pushed[0]!.id
    expect(stores).toMatchObject([
      {store: 'media', set},
      {store: 'redis', set},
    ])
    expect(notSaved).toEqual([])
    const {snapshots, unknown} = await report<OffsiteListReport>(site, ['offsite:list'])
    expect({snapshots, unknown}).toMatchObject({
      snapshots: [
        {
          id: set,
          stores: [
            {store: 'media', savedAt: [expect.any(String)]},
            {store: 'redis', savedAt: [expect.any(String)]},
          ],
        },
      ],
      unknown: [],
    })
  }, 600_000)

  test('a push moves only the objects that are new', async () => {
    const {stores: first} = await push()
    expect(first[0]!.moved).toBeLessThan(first[0]!.bytes / 20)
    await objects().put('late.bin', Buffer.from('late'))
    expect((await push()).stores[0]!.moved).toBeGreaterThan(0)
  }, 600_000)

  test('media is not restored into a server that runs', async () => {
    expect(await failure(site, 'offsite:pull', '--media', '--redis', '--yes')).toEqual({
      code: 'refused',
      exitCode: 9,
      message: `minio and redis of ${site.project} must be stopped first`,
      hint: 'stop them: aquastream env:stop minio redis; then run the command again',
    })
  })

  test('no secret is on the command lines of containers', async () => {
    const calls = join(site.directory, 'calls')
    const {stdout: docker} = await execa('sh', ['-c', 'command -v docker'])
    const script = `#!/bin/sh\nprintf '%s\\n' "$*" >>${calls}\nexec ${docker} "$@"\n`
    await writeFile(join(site.directory, 'bin/docker'), script, {mode: 0o755})
    const run = await site.run('offsite:push')
    await rm(join(site.directory, 'bin/docker'))
    expect(run.exitCode, run.stderr).toBe(0)
    const {stdout: text} = await execa('cat', [calls])
    expect(text).toContain('run --rm')
    for (const secret of [PASSWORD, S3_SECRET, ...Object.values(SECRETS)])
      expect(text + run.stdout + run.stderr).not.toContain(secret)
  })

  test('the commands of the guide bring everything back', async () => {
    before = await everything()
    expect(before.objects.size).toBe(OBJECTS + 1)
    const {id} = await report<BackupReport>(site, ['db:backup', '--offsite'])
    // A push after the damage: the guide restores what was there before.
    await objects().put('late.bin', Buffer.from('encrypted'))
    await site.redis('DEL session:1')
    await push()
    const there = join(site.directory, 'there')
    await site.succeed('env:down --volumes --yes')
    await rm(join(site.directory, 'backups'), {recursive: true})
    await rm(join(site.directory, '.cache'), {recursive: true, force: true})
    await mkdir(there)
    await copyFile(join(site.directory, '.env.stage'), join(there, '.env.stage'))
    await rm(join(site.directory, '.env.stage'))

    const guide = new Guide(site, there, {
      '/srv/aquastream': there,
      '--profile prod': '--profile stage',
      '.env.prod': '.env.stage',
      'aquastream-prod': site.project,
      '20261123T020000Z': id,
    })
    const start = performance.now()
    const blocks = guideBlocks().filter(
      ({language, section}) => language === 'sh' && section.startsWith('The server is lost'),
    )
    for (const block of blocks) {
      const run = await guide.run(block)
      expect(run.exitCode, `${block.text}${run.stdout}${run.stderr}`).toBe(0)
    }
    const seconds = Math.round((performance.now() - start) / 1000)
    console.log(`${OBJECTS} objects and six schemas, ${isSftp ? 'SFTP' : 'S3'}: back after ${seconds} s`)
    expect(existsSync(join(there, 'backups/stage'))).toBe(true)

    const after = await everything()
    expect(after.objects).toEqual(before.objects)
    expect(after.keys).toEqual(before.keys)
    expect(differences(before.database, after.database)).toEqual([])
    const {stdout} = await execa('docker', ['exec', `${site.project}-minio-1`, 'ls', '-A', '/data'])
    expect(stdout.split('\n').sort()).toEqual(['.minio.sys', 'aquastream-media'])
  }, 1_800_000)

  function objects(): Objects {
    return new Objects(
      `http://127.0.0.1:${site.setting('MINIO_PORT')}/aquastream-media`,
      SECRETS.S3_SECRET_KEY,
    )
  }

  async function everything(): Promise<typeof before> {
    return {
      database: await describeDatabase({sql}, 'aquastream', {
        schemas: SCHEMAS,
        // A publication is no part of a schema.
        without: ['publication members'],
      }),
      objects: await objects().read(),
      keys: await redis('KEYS *', 'GET session:1', 'HGETALL boat:7'),
    }
  }

  function push(): Promise<PushReport> {
    return report(site, ['offsite:push'])
  }

  /** Runs commands of Redis, and returns the sorted lines of their answers. */
  async function redis(...commands: string[]): Promise<string> {
    return (await site.redis(...commands)).split('\n').sort().join('\n')
  }

  async function sql(...[text, options = {}]: Parameters<Sql>): Promise<string> {
    const {database = 'aquastream', user = 'aquastream'} = options
    const psql = ['psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-U', user, '-d', database]
    const {stdout} = await execa('docker', ['exec', '-i', `${site.project}-postgres-1`, ...psql], {
      input: text,
    })
    return stdout
  }
})

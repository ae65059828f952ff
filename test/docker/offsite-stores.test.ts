import {randomBytes} from 'node:crypto'
import {existsSync} from 'node:fs'
import {mkdtemp, readdir, rm, stat, writeFile} from 'node:fs/promises'
import {delimiter, join} from 'node:path'
import {execa} from 'execa'
import {afterAll, beforeAll, beforeEach, describe, expect, test} from 'vitest'
import type {OffsiteListReport} from '../../src/offsite/list.js'
import type {PullReport} from '../../src/offsite/pull.js'
import type {PushReport} from '../../src/offsite/push.js'
import {failure, listTree, report} from '../helpers/backups.js'
import {errorOf} from '../helpers/cli.js'
import {killNow} from '../helpers/crash-site.js'
import {Objects, type SeenObject} from '../helpers/objects.js'
import {type OffsiteServer, startSftp} from '../helpers/offsite-servers.js'
import {randomFrom, roundsOr, SEED} from '../helpers/random.js'
import {replaceKey} from '../helpers/quick-repository.js'
import {flipBit, packsOf, PASSWORD, until} from '../helpers/restic.js'
import {idAgo, writeSet} from '../helpers/sets.js'
import {canMount, mountSmallDisk} from '../helpers/small-disk.js'
import {docker, SECRETS, StackSite} from '../helpers/stack.js'

/** How many restores are killed. */
const ROUNDS = roundsOr(2)
const random = randomFrom(SEED)

describe('media and Redis of a stack', () => {
  let site: StackSite
  let repository: string
  let firstSet: string
  let pushedObjects: Map<string, SeenObject>

  beforeAll(async () => {
    site = await StackSite.open({AQUASTREAM_PROFILE: 'stage'})
    repository = join(site.directory, 'offsite')
    await site.writeStageFile({OFFSITE_REPOSITORY: repository, OFFSITE_PASSWORD: PASSWORD})
    await site.succeed('env:up --service minio --service redis')
    await site.succeed('offsite:init')
    await replaceKey(repository, PASSWORD)
    await objects().fill(30)
    await site.redis('SET kept 1')
  })
  beforeEach(async () => {
    await site.succeed('env:up --service minio --service redis')
  })
  afterAll(() => site[Symbol.asyncDispose]())

  test('without a backup they are not saved', async () => {
    const {stores, notSaved} = await push()
    expect(stores).toEqual([])
    expect(notSaved.map(({store}) => store)).toEqual(['media', 'redis'])
    firstSet = idAgo(1)
    await writeSet(join(site.directory, 'backups/stage'), firstSet)
    pushedObjects = await objects().read()
    expect((await push()).stores.map(({store}) => store)).toEqual(['media', 'redis'])
  })

  test('a Redis that is stopped is named', async () => {
    await site.succeed('env:stop redis')
    expect((await push()).notSaved).toEqual([{store: 'redis', why: 'redis is not running'}])
  })

  test('a killed restore is completed by the next one', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      await change(`round ${round}`)
      await site.succeed('env:stop minio redis')
      const running = site.start('offsite:pull --media --redis --yes')
      const delay = Math.round(random() * 15_000)
      await Promise.race([new Promise(resolve => setTimeout(resolve, delay)), running.ended])
      killNow(running.pid)
      await running.ended
      await site.succeed('env:stop minio redis')
      const {restored} = await pull()
      expect(restored, `seed ${SEED}: after ${delay} ms`).toMatchObject([
        {store: 'media', objects: pushedObjects.size},
        {store: 'redis', keys: 1},
      ])
      await expectPushed()
    }
  })

  test('an object that MinIO cannot read changes no data', async () => {
    const good = await copyRepository()
    const set = await writeSet(join(site.directory, 'backups/stage'), idAgo(0.9))
    await inVolume('for file in */*/*/*/*/part.1; do printf x | dd of="$file" conv=notrunc; done')
    await push()
    await inVolume('rm -rf aquastream-media/event*')
    await objects().put('present.bin', Buffer.from('present'))
    const present = await objects().read()
    await site.succeed('env:stop minio redis')
    expect(await failure(site, 'offsite:pull', '--media', '--yes')).toMatchObject({
      code: 'archive-damaged',
      exitCode: 7,
    })
    const running = ['--filter', `name=${site.project}-minio`, '--filter', 'status=running']
    expect(await docker('ps', '-q', ...running), 'nothing serves damaged data').toBe('')
    await site.succeed('env:up --service minio')
    expect(await objects().read()).toEqual(present)
    expect(await entries('minio')).toEqual(['.minio.sys', 'aquastream-media'])

    // Of two copies of a backup, the first one that is intact is restored.
    await push()
    await objects().put('later.bin', Buffer.from('later'))
    const [first, second] = await copiesOf('media')
    await site.succeed('env:stop minio')
    const run = await site.succeed('offsite:pull --media --yes')
    expect(run.stderr).toContain(`the next copy, of ${second}, is tried`)
    expect(run.stdout).toContain(`Media of ${second} were restored`)
    expect(first! < second!).toBe(true)
    expect(await objects().read()).toEqual(present)
    await rm(set, {recursive: true})
    await restoreRepository(good)
  })

  test('media and Redis come back as they were after the backup', async () => {
    const good = await copyRepository()
    const set = await writeSet(join(site.directory, 'backups/stage'), idAgo(0.8))
    await site.redis('SET kept 1')
    const saved = await objects().read()
    await push()
    await change('after the damage')
    await inVolume('rm -rf aquastream-media/event*')
    await push()
    const [media] = await copiesOf('media')
    const [redis] = await copiesOf('redis')
    expect((await site.run('offsite:list')).stdout).toContain('media (2 copies), redis (2 copies)')
    await site.succeed('env:stop minio redis')
    expect((await failure(site, 'offsite:pull', '--media', '--redis')).message).toContain(
      `(media of ${media}, the first of 2 copies; redis of ${redis}, the first of 2 copies)`,
    )
    const {restored} = await pull()
    expect(restored.map(({savedAt}) => savedAt.replace(/\.\d+/, ''))).toEqual([media, redis])
    expect(await objects().read()).toEqual(saved)
    expect(await site.redis('GET kept')).toBe('1')
    await rm(set, {recursive: true})
    await restoreRepository(good)
  })

  test('a restore of media that stalls leaves nothing', async () => {
    await site.succeed('env:stop minio')
    const env = await dockerThat(`*' restore '*/volume/*) DOCKER "$@"; exec sleep 600`)
    const run = await site.run('offsite:pull --media --yes --json', {env: {...env, OFFSITE_TIMEOUT: '5'}})
    expect(errorOf(run)).toMatchObject({
      code: 'offsite-unreachable',
      exitCode: 4,
      message: `the off-site repository ${repository} made no progress for 5 s`,
    })
    await site.succeed('env:up --service minio')
    expect(await entries('minio')).toEqual(['.minio.sys', 'aquastream-media'])
  })

  test('a restore of media goes on while files grow', async () => {
    await site.succeed('env:stop minio')
    const grow = `DOCKER run --rm -v ${site.project}_miniodata:/data redis:7-alpine sh -c 'date >>/data/.aquastream-new/grows'`
    const env = await dockerThat(
      `*' restore '*/volume/*) for n in 1 2 3 4 5 6 7 8; do ${grow}; sleep 1; done; exec DOCKER "$@"`,
    )
    await site.succeed('offsite:pull --media --yes', {env: {...env, OFFSITE_TIMEOUT: '5'}})
    await inVolume('rm grows')
  })

  test('an interrupted restore of media leaves nothing', async () => {
    await site.succeed('env:stop minio')
    const there = join(site.directory, 'there')
    const env = await dockerThat(`*' restore '*/volume/*) DOCKER "$@"; touch ${there}; exec sleep 600`)
    const running = site.start('offsite:pull --media --yes', {env})
    await until(() => existsSync(there))
    running.kill('SIGINT')
    expect(await running.ended).toMatchObject({exitCode: 130})
    await site.succeed('env:up --service minio')
    expect(await entries('minio')).toEqual(['.minio.sys', 'aquastream-media'])
  })

  test('a damaged repository changes neither media nor Redis', async () => {
    const good = await copyRepository()
    await change('present')
    // As after a restore that was killed before it had deleted the old data, which push must not save.
    await inVolume(
      'mkdir -p .aquastream-old/stale; touch .aquastream-old/.complete .aquastream-old/.exchanged',
    )
    await push()
    expect((await restic('find', '.aquastream-old')).stdout).toBe('')
    const present = await objects().read()
    for (const path of await packsOf(repository)) await flipBit(path)
    await site.succeed('env:stop minio redis')
    for (const flag of ['--media', '--redis'])
      expect(await failure(site, 'offsite:pull', flag, '--yes')).toMatchObject({exitCode: 7})
    await site.succeed('env:up --service minio --service redis')
    expect(await objects().read()).toEqual(present)
    expect(await entries('minio')).toEqual(['.minio.sys', 'aquastream-media'])
    expect(await site.redis('GET kept')).toBe('2')
    await restoreRepository(good)
  })

  test.each(['media', 'redis'] as const)('%s that a restore left in two places is not saved', async torn => {
    const other = torn === 'media' ? 'redis' : 'media'
    const [tornBefore, otherBefore] = [await snapshotsOf(torn), await snapshotsOf(other)]
    await writeSet(join(site.directory, 'backups/stage'), idAgo(torn === 'media' ? 0.5 : 0.4))
    const service = torn === 'media' ? 'minio' : 'redis'
    // As after an interrupt while the new data was deleted, to bring back what had been put aside.
    const script = 'mkdir -m 700 .aquastream-old; cp -a * .aquastream-old/; touch .aquastream-old/.complete'
    await docker('exec', `${site.project}-${service}-1`, 'sh', '-euc', `cd /data; ${script}`)
    expect(await failure(site, 'offsite:push')).toMatchObject({
      code: 'offsite-failed',
      exitCode: 11,
      message: `the data of ${service} was not copied: it is incomplete, because a restore was interrupted`,
      hint: `repeat the restore, which completes it: aquastream env:stop ${service}; aquastream offsite:pull ID --${torn}`,
    })
    expect(await snapshotsOf(torn)).toBe(tornBefore)
    expect(await snapshotsOf(other)).toBe(otherBefore + 1)
    await site.succeed(`env:stop ${service}`)
    await site.succeed(`offsite:pull ${firstSet} --${torn} --yes`)
    expect(await push()).toMatchObject({pushed: [], stores: [{store: 'media'}, {store: 'redis'}]})
  })

  test('rotation deletes media with its backup', async () => {
    await writeSet(join(site.directory, 'backups/stage'), idAgo(0.01))
    await push()
    await site.succeed('offsite:rotate --keep-daily 1 --keep-weekly 0 --keep-monthly 0')
    const {stdout} = await restic('snapshots', '--json')
    const tags = (JSON.parse(stdout) as {tags: string[]}[]).map(({tags}) =>
      tags.find(tag => tag.startsWith('set=')),
    )
    expect(new Set(tags).size).toBe(1)
    expect(tags.length).toBe(3)
  })

  test('a backup dated in the future gets no copies', async () => {
    const [newest] = (await readdir(join(site.directory, 'backups/stage'))).sort().reverse()
    await writeSet(join(site.directory, 'backups/stage'), idAgo(-72))
    expect((await push()).stores.map(({set}) => set)).toEqual([newest, newest])
  })

  /** Returns the times of the copies of the newest backup, to the second. */
  async function copiesOf(store: string): Promise<string[]> {
    const {snapshots} = await report<OffsiteListReport>(site, ['offsite:list'])
    const {savedAt} = snapshots[0]!.stores.find(one => one.store === store)!
    return savedAt.map(time => time.replace(/\.\d+/, ''))
  }

  /** Installs a script in place of docker; `DOCKER` in its case is the real one. */
  async function dockerThat(branch: string): Promise<{PATH: string}> {
    const directory = await mkdtemp(join(site.directory, 'docker-'))
    const {stdout: docker} = await execa('sh', ['-c', 'command -v docker'])
    const script = `#!/bin/sh\ncase "$*" in ${branch} ;; esac\nexec DOCKER "$@"\n`.replaceAll(
      'DOCKER',
      docker,
    )
    await writeFile(join(directory, 'docker'), script, {mode: 0o755})
    return {PATH: [directory, site.env.PATH ?? process.env.PATH].join(delimiter)}
  }

  async function snapshotsOf(store: string): Promise<number> {
    const {stdout} = await restic('snapshots', '--json', '--tag', `content=${store}`)
    return (JSON.parse(stdout) as unknown[]).length
  }

  function objects(): Objects {
    return new Objects(
      `http://127.0.0.1:${site.setting('MINIO_PORT')}/aquastream-media`,
      SECRETS.S3_SECRET_KEY,
    )
  }

  /** Makes the data differ from what was pushed. */
  async function change(name: string): Promise<void> {
    await objects().put(`${name}.bin`, Buffer.from(name))
    await site.redis('SET kept 2', 'SET other 1')
  }

  async function expectPushed(): Promise<void> {
    expect(await objects().read()).toEqual(pushedObjects)
    expect(await site.redis('GET kept')).toBe('1')
    expect(await entries('minio')).toEqual(['.minio.sys', 'aquastream-media'])
    expect(await entries('redis')).toEqual(['appendonlydir'])
    const left = await docker(
      'ps',
      '-aq',
      '--filter',
      'label=aquastream.owner',
      '--filter',
      `volume=${site.project}_miniodata`,
    )
    expect(left).toBe('')
  }

  async function entries(service: string): Promise<string[]> {
    const list = await docker('exec', `${site.project}-${service}-1`, 'ls', '-A', '/data')
    return list.split('\n').sort()
  }

  async function inVolume(script: string): Promise<void> {
    await docker('exec', `${site.project}-minio-1`, 'sh', '-euc', `cd /data; ${script}`)
  }

  async function copyRepository(): Promise<string> {
    await execa('cp', ['-a', repository, `${repository}.good`])
    return `${repository}.good`
  }

  async function restoreRepository(good: string): Promise<void> {
    await rm(repository, {recursive: true})
    await execa('mv', [good, repository])
  }

  function restic(...args: string[]) {
    const env = {
      PATH: process.env.PATH,
      HOME: site.directory,
      RESTIC_REPOSITORY: repository,
      RESTIC_PASSWORD: PASSWORD,
    }
    return execa('restic', args, {env, extendEnv: false})
  }

  function push(): Promise<PushReport> {
    return report(site, ['offsite:push'])
  }

  function pull(): Promise<PullReport> {
    return report(site, ['offsite:pull', '--media', '--redis', '--yes'])
  }
})

describe.skipIf(!canMount)('a volume that is too small for two copies', () => {
  let site: StackSite
  let disk: Awaited<ReturnType<typeof mountSmallDisk>>
  beforeEach(async () => {
    site = await StackSite.open({AQUASTREAM_PROFILE: 'stage'})
    disk = await mountSmallDisk(join(site.directory, 'disk'), 60_000_000)
    const options = ['type=none', 'o=bind', `device=${disk.path}`].flatMap(option => ['--opt', option])
    const labels = [`project=${site.project}`, 'volume=miniodata'].map(label => `com.docker.compose.${label}`)
    await docker(
      'volume',
      'create',
      ...options,
      ...labels.flatMap(label => ['--label', label]),
      `${site.project}_miniodata`,
    )
    await site.writeStageFile({
      OFFSITE_REPOSITORY: join(site.directory, 'offsite'),
      OFFSITE_PASSWORD: PASSWORD,
    })
    await site.succeed('env:up --service minio')
    return async () => {
      await disk[Symbol.asyncDispose]()
      await site[Symbol.asyncDispose]()
    }
  })

  test('keeps its data, and takes the copy when enlarged', async () => {
    const objects = new Objects(
      `http://127.0.0.1:${site.setting('MINIO_PORT')}/aquastream-media`,
      SECRETS.S3_SECRET_KEY,
    )
    for (const name of ['a', 'b', 'c', 'd']) await objects.put(name, randomBytes(9_000_000))
    const saved = await objects.read()
    await writeSet(join(site.directory, 'backups/stage'), idAgo(1))
    await site.succeed('offsite:init')
    await site.succeed('offsite:push')
    await objects.put('present', Buffer.from('present'))
    const present = await objects.read()
    await site.succeed('env:stop minio')
    const pull = ['offsite:pull', '--media', '--yes']
    expect(await failure(site, ...pull)).toMatchObject({
      code: 'disk-full',
      exitCode: 3,
      message: `the disk of the volume ${site.project}_miniodata is full: it has to hold the present data and the copy`,
    })
    expect((await readdir(disk.path)).sort()).toEqual(['.minio.sys', 'aquastream-media'])
    await site.succeed('env:up --service minio')
    expect(await objects.read()).toEqual(present)
    await site.succeed('env:stop minio')
    await execa('mount', ['-o', 'remount,size=200000000', disk.path])
    await site.succeed(pull)
    expect(await objects.read()).toEqual(saved)
  })
})

describe('without restic on PATH', () => {
  let site: StackSite
  beforeEach(async () => {
    site = await StackSite.open({AQUASTREAM_PROFILE: 'stage'})
    const bin = join(site.directory, 'bin')
    await execa('mkdir', [bin])
    for (const name of ['node', 'docker', 'ssh-keygen', 'sh', 'ps'])
      await execa('sh', ['-c', 'ln -s "$(command -v "$0")" "$1/$0"', name, bin])
    site.env.PATH = bin
    return () => site[Symbol.asyncDispose]()
  })

  test('its image keeps the backups in a directory', async () => {
    await site.writeStageFile({
      OFFSITE_REPOSITORY: join(site.directory, 'a, "b"/offsite'),
      OFFSITE_PASSWORD: PASSWORD,
    })
    await roundTrip()
  })

  test('its image keeps the backups on a server of SFTP', async () => {
    await using server: OffsiteServer & {knownHosts: string} = await startSftp(site)
    await site.writeStageFile({...server.settings, OFFSITE_PASSWORD: PASSWORD})
    await writeFile(server.settings.OFFSITE_SSH_KNOWN_HOSTS_FILE!, server.knownHosts)
    await roundTrip()
  })

  test.each([
    {
      what: 'cannot be pulled',
      image: 'registry.invalid/no-such-restic',
      expected: {
        code: 'image-missing',
        exitCode: 3,
        message: 'image registry.invalid/no-such-restic cannot be pulled',
      },
    },
    {
      what: 'has no restic',
      image: 'redis:7-alpine',
      expected: {
        code: 'engine-failed',
        exitCode: 4,
        message: 'Docker could not start a container of redis:7-alpine',
      },
    },
  ])('an image that $what is named', async ({image, expected}) => {
    await site.writeStageFile({
      OFFSITE_REPOSITORY: '/nowhere',
      OFFSITE_PASSWORD: PASSWORD,
      RESTIC_IMAGE: image,
    })
    expect(await failure(site, 'offsite:list')).toMatchObject(expected)
  })

  /** Pushes a backup, pulls it to another directory, and compares every byte. */
  async function roundTrip(): Promise<void> {
    const id = idAgo(1)
    const path = await writeSet(join(site.directory, 'backups/stage'), id)
    expect((await report<{created: boolean}>(site, ['offsite:init'])).created).toBe(true)
    expect((await report<{created: boolean}>(site, ['offsite:init'])).created).toBe(false)
    expect(await report(site, ['offsite:push'])).toMatchObject({pushed: [{id}]})
    await report(site, ['offsite:pull', id, '--dir', 'elsewhere'])
    const copy = join(site.directory, 'elsewhere/stage', id)
    expect(await listTree(copy)).toEqual(await listTree(path))
    expect((await stat(copy)).uid).toBe(process.getuid!())
    expect(await report(site, ['offsite:check', '--read-data-subset', '100%'])).toMatchObject({locksAfter: 0})
  }
})

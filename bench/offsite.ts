// Compares offsite:push with bare restic on the same files, and measures what a second push of media moves. Needs restic
// and Docker; the repository is a directory.
import {randomBytes} from 'node:crypto'
import {rm} from 'node:fs/promises'
import {join} from 'node:path'
import {execa} from 'execa'
import type {PushReport} from '../src/offsite/push.js'
import {Objects} from '../test/helpers/objects.js'
import {idAgo, writeSet} from '../test/helpers/sets.js'
import {SECRETS, StackSite} from '../test/helpers/stack.js'
import {inTurn} from './compare.js'
import {printLoad} from './cpu.js'
import {MeasuredCli} from './measured-cli.js'

const MEGABYTES = Number(process.argv[2] ?? 1000)
const ROUNDS = Number(process.argv[3] ?? 3)
const OBJECTS = Number(process.argv[4] ?? 4000)
const PASSWORD = 'password-of-a-bench'

await using site = await StackSite.open({AQUASTREAM_PROFILE: 'stage'})
const ours = join(site.directory, 'ours')
const theirs = join(site.directory, 'theirs')
const backups = join(site.directory, 'backups/stage')
await site.writeStageFile({OFFSITE_REPOSITORY: ours, OFFSITE_PASSWORD: PASSWORD})
const cli = new MeasuredCli(site.directory, site.env)

printLoad()
await compareSets()
await measureMedia()
cli.printPeak()
printLoad()

/** Without a stack, a push copies one backup and checks the repository. */
async function compareSets(): Promise<void> {
  const id = idAgo(1)
  const path = await writeSet(backups, id, {filler: randomBytes(MEGABYTES * 1_000_000)})
  const restic = (...args: string[]) =>
    execa('restic', args, {
      cwd: path,
      env: {...site.env, RESTIC_REPOSITORY: theirs, RESTIC_PASSWORD: PASSWORD},
      extendEnv: false,
    })
  const between = async (): Promise<void> => {
    for (const repository of [ours, theirs]) await rm(repository, {recursive: true, force: true})
    await cli.run('offsite:init')
    await restic('init')
    await execa('sync')
  }
  await between()
  const times = await inTurn(
    {
      'aquastream offsite:push': () => cli.run('offsite:push'),
      'restic backup': () => restic('backup', '.'),
      'restic backup, restic check': async () => {
        await restic('backup', '.')
        await restic('check')
      },
    },
    ROUNDS,
    between,
  )
  console.log(`${'one backup'.padEnd(32)} seconds  ratio of ours`)
  for (const [name, ms] of Object.entries(times)) {
    const ratio = (times['aquastream offsite:push'] / ms).toFixed(2)
    console.log(`${name.padEnd(32)}${(ms / 1000).toFixed(2).padStart(8)}${ratio.padStart(15)}`)
  }
}

/** Pushes media, changes one percent of the objects, and pushes again. */
async function measureMedia(): Promise<void> {
  await cli.run('env:up --service minio')
  const objects = new Objects(
    `http://127.0.0.1:${site.setting('MINIO_PORT')}/aquastream-media`,
    SECRETS.S3_SECRET_KEY,
  )
  await objects.fill(OBJECTS)
  const first = await push()
  await objects.fill(OBJECTS / 100, 100)
  const second = await push()
  const share = ((100 * second.moved) / first.bytes).toFixed(1)
  console.log(
    `media: ${OBJECTS} objects, ${mega(first.bytes)} MB read, ${mega(first.moved)} MB moved; after a change of 1 %: ${mega(second.moved)} MB moved (${share} %)`,
  )
}

async function push(): Promise<PushReport['stores'][number]> {
  const {stores} = JSON.parse(await cli.run('offsite:push --json')) as PushReport
  return stores[0]!
}

function mega(bytes: number): string {
  return (bytes / 1e6).toFixed(1)
}

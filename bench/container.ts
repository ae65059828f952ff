// Compares db:backup with the usual script where PostgreSQL and its client tools are in a container. Requires the images of
// the testbed.
//
//   npm run bench:container -- [MEGABYTES] [ROUNDS] [IMAGE]
import {mkdir, rm} from 'node:fs/promises'
import {join} from 'node:path'
import {execa} from 'execa'
import {StackSite} from '../test/helpers/stack.js'
import {forEach, inTurn, type Medians, withSize} from './compare.js'
import {printLoad} from './cpu.js'
import {fill, SHARES} from './db-data.js'
import {BACKUP_FIGURES, printFigures, printTable} from './figures.js'
import {MeasuredCli} from './measured-cli.js'

const MEGABYTES = Number(process.argv[2] ?? 1000)
const ROUNDS = Number(process.argv[3] ?? 3)
/** infra/postgres/Dockerfile, built by test/testbed/provision.sh. */
const IMAGE = process.argv[4] ?? 'aquastream-testbed/postgres-isal:16-alpine'
const SCHEMAS = Object.keys(SHARES)
const FLOOR = 'pg_dump -U aquastream -n "$1" aquastream >/dev/null'

await using site = await StackSite.open({POSTGRES_IMAGE: IMAGE, AQUASTREAM_PROFILE: 'dev'})
const ours = join(site.directory, 'backups/dev')
const theirs = join(site.directory, 'theirs')
const cli = new MeasuredCli(site.directory, site.env)

await cli.run('env:up --service postgres')
const container = (await site.inspect('postgres')).Id
await site.sql(SCHEMAS.map(schema => `DROP SCHEMA IF EXISTS "${schema}" CASCADE;`).join(''))
await fill(site, MEGABYTES)
const tables = await site.sql("SELECT pg_size_pretty(pg_database_size('aquastream'))")
console.log(`${IMAGE}, six schemas, ${tables}; medians of ${ROUNDS} runs in turn`)
printLoad()

const sizes: Medians = {}
const contenders = {
  'aquastream db:backup': () => cli.run('db:backup'),
  'db:backup --compression gzip:1': () => cli.run('db:backup --compression gzip:1'),
  'pg_dump -Fc, then gzip of the file': () =>
    shell(`${pgDump('-Fc -n "$1"')} >"$DIR/$1.dump"; gzip "$DIR/$1.dump"`),
  'pg_dump | gzip': () => shell(`${pgDump('-n "$1"')} | gzip >"$DIR/$1.sql.gz"`),
}
const floor = async (): Promise<void> => {
  await Promise.all(
    SCHEMAS.map(schema => execa('docker', ['exec', container, 'sh', '-c', FLOOR, 'sh', schema])),
  )
}
const sized = Object.entries(contenders).map(([name, work]) => {
  const directory = name.includes('db:backup') ? ours : theirs
  return [name, withSize(name, directory, {sizes, work})] as const
})
const times = await inTurn(
  {...Object.fromEntries(sized), 'the floor: all at once to /dev/null': floor},
  ROUNDS,
  clearUp,
)
printTable('backup in a container', times, {sizes, cpu: {}})
cli.printPeak()
printLoad()
printFigures(BACKUP_FIGURES, times, {sizes, cpu: {}})

function pgDump(options: string): string {
  return `docker exec ${container} pg_dump -U aquastream ${options} aquastream`
}

/** Runs a shell command for each schema, one after another. */
async function shell(line: string): Promise<void> {
  await mkdir(theirs, {recursive: true})
  await forEach(SCHEMAS, line, {PATH: process.env.PATH, DIR: theirs})
}

/** Deletes the files of a run and flushes them, so that one run does not slow down the next. */
async function clearUp(): Promise<void> {
  for (const directory of [ours, theirs]) await rm(directory, {recursive: true, force: true})
  await site.sql('CHECKPOINT')
  await execa('sync')
}

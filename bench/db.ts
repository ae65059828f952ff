// Compares db:backup and db:restore with common alternatives, on a temporary server with generated data.
import {mkdir, readdir, readFile, rm, stat} from 'node:fs/promises'
import {availableParallelism, loadavg} from 'node:os'
import {join, resolve} from 'node:path'
import {execa} from 'execa'
import {Site} from '../test/helpers/cli.js'
import {knowsZstd, startPostgres} from '../test/helpers/postgres.js'
import {inTurn} from './compare.js'
import {fill, SHARES} from './db-data.js'

const MEGABYTES = Number(process.argv[2] ?? 1000)
const ROUNDS = Number(process.argv[3] ?? 3)
const MAJOR = Number(process.argv[4] ?? 16)
const CLI = resolve(import.meta.dirname, '../bin/run.js')
const SCHEMAS = Object.keys(SHARES)
const LARGEST = SCHEMAS[0]!
const PLAIN_RESTORE = 'gunzip -c "$DIR/$1.sql.gz" | psql -X -q -v ON_ERROR_STOP=1 >/dev/null'
const PLAIN_DUMP = 'pg_dump -n "$1" | gzip >"$DIR/$1.sql.gz"'

// The default configuration, except for background work that would start between two runs.
const settings = {
  fsync: 'on',
  full_page_writes: 'on',
  wal_level: 'replica',
  max_wal_size: '1GB',
  shared_buffers: '128MB',
}
await using server = await startPostgres({major: MAJOR, settings})
await using site = await Site.open()
const theirs = join(site.directory, 'theirs')
const ours = join(site.directory, 'ours')
const env = {
  ...site.env,
  ...server.env,
  DATABASE_URL: server.url,
  BACKUP_DIR: ours,
  PGHOST: '127.0.0.1',
  PGPORT: String(server.port),
  PGUSER: 'aquastream',
  PGPASSWORD: server.password,
  PGDATABASE: 'aquastream',
  DIR: theirs,
}

await fill(server, MEGABYTES)
const tables = await server.sql("SELECT pg_size_pretty(pg_database_size('aquastream'))")
console.log(`PostgreSQL ${server.major}, six schemas, ${tables}; medians of ${ROUNDS} runs in turn`)
printLoad()
await backups()
await restores(LARGEST, [LARGEST])
await restores('all six', SCHEMAS)

/** Other processes on the machine increase all times, those of parallel runs most. */
function printLoad(): void {
  console.log(`${availableParallelism()} processors, load of the last minute ${loadavg()[0]!.toFixed(1)}\n`)
}

async function backups(): Promise<void> {
  const peak = {kilobytes: 0}
  const sizes: Record<string, number> = {}
  const sized = (name: string, directory: string, work: () => Promise<void>) => ({
    [name]: async () => {
      await work()
      sizes[name] = await sizeOf(directory)
    },
  })
  const compressed = (compression: string): ReturnType<typeof sized> => {
    const words = `db:backup --compression ${compression}`
    return sized(words, ours, () => cli(words, peak))
  }
  const contenders = {
    ...sized('aquastream db:backup', ours, () => cli('db:backup', peak)),
    ...compressed('gzip:4'),
    ...(knowsZstd(MAJOR) && compressed('zstd:1')),
    ...sized('pg_dump -Fc, then gzip of the file', theirs, () =>
      shell('pg_dump -Fc -n "$1" -f "$DIR/$1.dump" && gzip "$DIR/$1.dump"', SCHEMAS),
    ),
    ...sized('pg_dump | gzip', theirs, () => shell(PLAIN_DUMP, SCHEMAS)),
    'the floor: all at once to /dev/null': async () => {
      await Promise.all(SCHEMAS.map(schema => shell('pg_dump -n "$1" >/dev/null', [schema])))
    },
  }
  table('backup', await inTurn(contenders, ROUNDS, clearUp), {sizes, peak})
}

async function restores(what: string, schemas: string[]): Promise<void> {
  await cli('db:backup', {kilobytes: 0})
  const [id] = await sets()
  const words = `db:restore ${schemas.length === 1 ? `--schema ${schemas[0]}` : '--all'} --from ${id} --yes`
  const drop = (): Promise<unknown> =>
    server.sql(schemas.map(schema => `DROP SCHEMA "${schema}" CASCADE;`).join(''))
  await mkdir(theirs, {recursive: true})
  await shell(PLAIN_DUMP, schemas)
  const peak = {kilobytes: 0}
  const contenders = {
    'aquastream db:restore': () => cli(words, peak),
    'db:restore, nothing there to save': async () => {
      await drop()
      await cli(words, peak)
    },
    'DROP SCHEMA, gunzip | psql': async () => {
      await drop()
      await shell(PLAIN_RESTORE, schemas)
    },
    // Like db:restore, this also collects the statistics that the planner needs.
    'gunzip | psql, and ANALYZE': async () => {
      await drop()
      await shell(PLAIN_RESTORE, schemas)
      await shell('psql -X -q -c "ANALYZE \\"$1\\".subjects, \\"$1\\".events"', schemas)
    },
  }
  const others = (): Promise<void> => clearUp(id)
  table(`restore of ${what}`, await inTurn(contenders, ROUNDS, others), {sizes: {}, peak})
  await rm(theirs, {recursive: true})
  await clearUp()
}

/** Runs the CLI and records the peak memory of its process, if the operating system provides it. */
async function cli(words: string, peak: {kilobytes: number}): Promise<void> {
  const running = execa(process.execPath, ['--', CLI, ...words.split(' ')], {
    cwd: site.directory,
    env,
    extendEnv: false,
  })
  const watch = setInterval(() => {
    void readFile(`/proc/${running.pid}/status`, 'utf8').then(
      status => {
        const now = Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1] ?? 0)
        peak.kilobytes = Math.max(peak.kilobytes, now)
      },
      () => undefined,
    )
  }, 50)
  await running.finally(() => clearInterval(watch))
}

/** Runs a shell command for each schema, one after another. */
async function shell(line: string, schemas: string[]): Promise<void> {
  await mkdir(theirs, {recursive: true})
  const script = `set -e; for schema; do set -- "$schema"; ${line}; done`
  await execa('sh', ['-c', script, 'sh', ...schemas], {env, extendEnv: false})
}

async function sets(): Promise<string[]> {
  return (await readdir(join(ours, 'dev')).catch(() => [])).filter(name => /^\d/.test(name))
}

/** Deletes the files of a run and flushes them, so that one run does not slow down the next. */
async function clearUp(keep?: string): Promise<void> {
  for (const id of await sets()) if (id !== keep) await rm(join(ours, 'dev', id), {recursive: true})
  if (keep === undefined) await rm(theirs, {recursive: true, force: true})
  await server.sql('CHECKPOINT')
  await execa('sync')
}

async function sizeOf(directory: string): Promise<number> {
  const names = await readdir(directory, {recursive: true})
  const stats = await Promise.all(names.map(name => stat(join(directory, name))))
  return stats.filter(file => file.isFile()).reduce((sum, {size}) => sum + size, 0)
}

/** Prints the times, each also as a ratio to the first. */
function table(
  what: string,
  times: Record<string, number>,
  {sizes, peak}: {sizes: Record<string, number>; peak: {kilobytes: number}},
): void {
  const [first] = Object.keys(times) as [string]
  const ratio = (a: number, b: number): string => (a / b).toFixed(2).padStart(7)
  console.log(`${what.padEnd(36)} seconds  ratio        MB  ratio`)
  for (const [name, ms] of Object.entries(times)) {
    const size = sizes[name]
    const sized =
      size === undefined ? '' : `${(size / 1e6).toFixed(1).padStart(10)}${ratio(size, sizes[first]!)}`
    console.log(`${name.padEnd(36)}${(ms / 1000).toFixed(2).padStart(8)}${ratio(ms, times[first]!)}${sized}`)
  }
  if (peak.kilobytes > 0) console.log(`memory of the CLI at most ${(peak.kilobytes / 1024).toFixed(0)} MB`)
  printLoad()
}

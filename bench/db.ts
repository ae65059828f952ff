// Compares db:backup and db:restore with common alternatives, on a temporary server with generated data; with pg_back if it
// is installed.
import {mkdir, readdir, rm} from 'node:fs/promises'
import {join} from 'node:path'
import {execa} from 'execa'
import {which} from '../src/system/which.js'
import {Site} from '../test/helpers/cli.js'
import {knowsZstd, startPostgres} from '../test/helpers/postgres.js'
import {forEach, inTurn, type Medians, withSize} from './compare.js'
import {cpuSeconds, printLoad} from './cpu.js'
import {fill, SHARES} from './db-data.js'
import {ALL_FIGURES, BACKUP_FIGURES, ONE_FIGURES, printFigures, printTable} from './figures.js'
import {MeasuredCli} from './measured-cli.js'

const MEGABYTES = Number(process.argv[2] ?? 1000)
const ROUNDS = Number(process.argv[3] ?? 3)
const MAJOR = Number(process.argv[4] ?? 16)
/** Of a large database only the growth of the backup is measured: everything would take hours. */
const IS_LARGE = MEGABYTES > 2000
const SCHEMAS = Object.keys(SHARES)
const LARGEST = SCHEMAS[0]!
const NAMES = SCHEMAS.map(schema => `-n '"${schema}"'`).join(' ')
const PLAIN_RESTORE = 'gunzip -c "$DIR/$1.sql.gz" | psql -X -q -v ON_ERROR_STOP=1 >/dev/null'
const PLAIN_DUMP = 'pg_dump -n "$1" | gzip >"$DIR/$1.sql.gz"'
const NEW = 'PGDATABASE=fresh; export PGDATABASE'

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
const cli = new MeasuredCli(site.directory, env)

await fill(server, MEGABYTES)
const tables = await server.sql("SELECT pg_size_pretty(pg_database_size('aquastream'))")
console.log(`PostgreSQL ${server.major}, six schemas, ${tables}; medians of ${ROUNDS} runs in turn`)
printLoad()
await backups()
if (!IS_LARGE) {
  await restores('one schema')
  await restores('all six')
}

async function backups(): Promise<void> {
  const sizes: Medians = {}
  const sized = (name: string, directory: string, work: () => Promise<unknown>) => ({
    [name]: withSize(name, directory, {sizes, work}),
  })
  const compressed = (compression: string): ReturnType<typeof sized> => {
    const words = `db:backup --compression ${compression}`
    return sized(words, ours, () => cli.run(words))
  }
  const others = {
    ...compressed('gzip:1'),
    ...(knowsZstd(MAJOR) && compressed('zstd:1')),
    ...sized('pg_dump | gzip', theirs, () => shell(PLAIN_DUMP, SCHEMAS)),
    ...sized('pg_dump -Fd -j 2', theirs, () => shell(`pg_dump -Fd -j 2 ${NAMES} -f "$DIR/all"`, ['all'])),
    // The command of postgres-backup-local, with its default options.
    ...sized('pg_dump -Z1 of the database', theirs, () => shell('pg_dump -Z1 -f "$DIR/all.sql.gz"', ['all'])),
  }
  const hasPgBack = (await which('pg_back')) !== undefined
  const contenders = {
    ...sized('aquastream db:backup', ours, () => cli.run('db:backup')),
    ...sized('pg_dump -Fc, then gzip of the file', theirs, () =>
      shell('pg_dump -Fc -n "$1" -f "$DIR/$1.dump" && gzip "$DIR/$1.dump"', SCHEMAS),
    ),
    ...(!IS_LARGE && others),
    // https://github.com/orgrim/pg_back
    ...(hasPgBack &&
      !IS_LARGE &&
      sized('pg_back', theirs, () => shell('pg_back --no-config-file -b "$DIR" "$PGDATABASE"', ['all']))),
    'the floor: all at once to /dev/null': async () => {
      await Promise.all(SCHEMAS.map(schema => shell('pg_dump -n "$1" >/dev/null', [schema])))
    },
  }
  const cpu: Medians = {}
  const times = await inTurn(measured(contenders, cpu), ROUNDS, clearUp)
  printTable('backup', times, {sizes, cpu})
  cli.printPeak()
  printLoad()
  printFigures(BACKUP_FIGURES, times, {sizes, cpu})
}

async function restores(what: 'one schema' | 'all six'): Promise<void> {
  const schemas = what === 'all six' ? SCHEMAS : [LARGEST]
  const selection = what === 'all six' ? '--all' : `--schema ${LARGEST}`
  await cli.run('db:backup')
  const [id] = await sets()
  const drop = (): Promise<unknown> =>
    server.sql(schemas.map(schema => `DROP SCHEMA "${schema}" CASCADE;`).join(''))
  const others = async (): Promise<void> => {
    await server.sql('DROP DATABASE IF EXISTS fresh WITH (FORCE)', {database: 'postgres'})
    await clearUp(id)
  }
  await shell(PLAIN_DUMP, schemas)
  await shell(`pg_dump -Fd -j 2 ${NAMES} -f "$DIR/all"`, ['all'])
  const contenders: Record<string, () => Promise<unknown>> = {
    'aquastream db:restore': () => cli.run(`db:restore ${selection} --from ${id} --yes`),
    'db:restore, nothing there to save': async () => {
      await drop()
      await cli.run(`db:restore ${selection} --from ${id} --yes`)
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
    ...(what === 'all six' && intoNew(id!)),
  }
  const cpu: Medians = {}
  const times = await inTurn(measured(contenders, cpu), ROUNDS, others)
  printTable(`restore of ${what}`, times, {sizes: {}, cpu})
  cli.printPeak()
  printLoad()
  printFigures(what === 'all six' ? ALL_FIGURES : ONE_FIGURES, times, {sizes: {}, cpu})
  await rm(theirs, {recursive: true})
  await clearUp()
}

/** Adds the CPU seconds of the last run of each contender, on this side and in the server. */
function measured(
  contenders: Record<string, () => Promise<unknown>>,
  cpu: Medians,
): Record<string, () => Promise<unknown>> {
  const wrap = (name: string, work: () => Promise<unknown>) => async (): Promise<void> => {
    const before = await cpuSeconds(server.pid)
    await work()
    cpu[name] = (await cpuSeconds(server.pid)) - before
  }
  return Object.fromEntries(Object.entries(contenders).map(([name, work]) => [name, wrap(name, work)]))
}

/** Restores of all schemas into a new database; each also collects statistics. */
function intoNew(id: string) {
  const analyze = 'psql -X -q -c ANALYZE'
  const create = 'createdb fresh'
  const parallel = `printf '%s\\n' ${SCHEMAS.join(' ')} | xargs -P 2 -n 1 sh -c 'set -e; ${PLAIN_RESTORE}' sh`
  return {
    'db:restore into a new database': () =>
      cli.run(`db:restore --all --from ${id} --into fresh --create --yes`),
    'gunzip | psql in turn': async () => {
      await shell(create, ['all'])
      await shell(`${NEW}; ${PLAIN_RESTORE}`, SCHEMAS)
      await shell(`${NEW}; ${analyze}`, ['all'])
    },
    'two psql in parallel': () => shell(`${create}; ${NEW}; ${parallel}; ${analyze}`, ['all']),
    'pg_restore -j 2': () =>
      shell(`${create}; pg_restore -j 2 -d fresh "$DIR/all"; ${NEW}; ${analyze}`, ['all']),
  }
}

/** Runs a shell command for each schema, one after another. */
async function shell(line: string, schemas: string[]): Promise<void> {
  await mkdir(theirs, {recursive: true})
  await forEach(schemas, line, env)
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

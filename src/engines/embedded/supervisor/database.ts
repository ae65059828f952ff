import {chown, mkdtemp, readdir, rename, rm, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {SERVICES} from '../../../stack/catalogue.js'
import {identifier, literal} from '../../../system/text/sql-quote.js'
import type {StackDirectory} from '../stack-directory/stack-directory.js'
import {majorOf} from '../postgres/data.js'
import type {Database, Run} from '../service-spec.js'
import {startWithWatchdog} from './watchdog.js'

/** The database to prepare, and how the PostgreSQL programs run for it. */
interface Setup {
  stackDirectory: StackDirectory
  run: Run & {database: Database}
  log: (line: string) => void
}

/**
 * Creates the data directory if it does not exist, then the user with the current password, the database and its
 * schemas. The server must not be running: single-user mode is used, which needs neither password nor port.
 */
export async function prepareDatabase(setup: Setup): Promise<void> {
  const {database} = setup.run
  const sql = [...userSql(database), ...schemaSql()]
  const create = [`CREATE DATABASE ${identifier(database.name)}`]
  const isNew = (await majorOf(database.data)) === undefined
  if (isNew) await makeCluster(setup)
  if (!isNew && (await single(setup, database.name, sql))) return
  // The database may have been renamed in the settings. Any other problem makes this fail, too, and is logged then.
  await single(setup, 'postgres', create)
  if (!(await single(setup, database.name, sql)))
    throw new Error('the user, the database and its schemas could not be created')
}

const PREFIX = '.postgres-'

/** Creates the cluster in a hidden directory, and renames it when complete: a killed run leaves no partial data. */
async function makeCluster(setup: Setup): Promise<void> {
  const {stackDirectory, run} = setup
  for (const name of await readdir(stackDirectory.path))
    if (name.startsWith(PREFIX)) await rm(join(stackDirectory.path, name), {recursive: true, force: true})
  const draft = await mkdtemp(join(stackDirectory.path, PREFIX))
  const passwordFile = join(draft, 'password')
  const data = join(draft, 'data')
  await writeFile(passwordFile, run.database.password, {mode: 0o600})
  // The directory last: from then on its owner can replace its entries.
  if (run.owner) for (const path of [passwordFile, draft]) await chown(path, run.owner.uid, run.owner.gid)
  const {bin, user} = run.database
  const program = [
    join(bin, 'initdb'),
    ...['-D', data, '-U', user, '--pwfile', passwordFile, '--auth', 'scram-sha-256'],
    // The same sort order on every machine, and character classes for every alphabet.
    ...['--encoding', 'UTF8', '--locale', 'C', '--lc-ctype', CTYPE, '--no-instructions'],
  ]
  if ((await finish(setup, {program, input: ''})) !== 0) throw new Error('initdb failed')
  await rm(passwordFile)
  // Written by its owner, since root would follow a symbolic link.
  const write = ['/bin/sh', '-c', 'printf "%s\\n" "$2" >"$1"', 'sh', join(data, 'pg_hba.conf'), ACCESS]
  if ((await finish(setup, {program: write, input: ''})) !== 0)
    throw new Error('pg_hba.conf could not be written')
  await rename(data, run.database.data)
  await rm(draft, {recursive: true})
}

/** Every connection requires a password. */
const ACCESS = 'host all all all scram-sha-256'

/** A locale that exists on every system. */
const CTYPE = process.platform === 'darwin' ? 'en_US.UTF-8' : 'C.UTF-8'

/**
 * Settings that take precedence over postgresql.conf and ALTER SYSTEM. One statement contains the password, so none may
 * be logged: when it is run, when it fails, when it has ended, or as a parse tree, which has it from PostgreSQL 16 on.
 */
const SETTINGS = {
  exit_on_error: 'on',
  // Otherwise a backslash in the password would escape the next character.
  standard_conforming_strings: 'on',
  log_statement: 'none',
  log_min_error_statement: 'panic',
  log_min_duration_statement: '-1',
  log_min_duration_sample: '-1',
  log_transaction_sample_rate: '0',
  debug_print_parse: 'off',
  debug_print_rewritten: 'off',
}

/** @returns whether every statement succeeded */
async function single(setup: Setup, name: string, sql: string[]): Promise<boolean> {
  const {bin, data} = setup.run.database
  const options = Object.entries(SETTINGS).flatMap(([setting, value]) => ['-c', `${setting}=${value}`])
  const program = [join(bin, 'postgres'), '--single', '-D', data, ...options, name]
  const input = sql.map(statement => `${statement};\n`).join('')
  return (await finish(setup, {program, input})) === 0
}

/** Runs a program with the environment and the user of the server, and waits until it exits. */
async function finish(
  {stackDirectory, run, log}: Setup,
  {program, input}: {program: string[]; input: string},
): Promise<number> {
  const place = {stackDirectory, service: 'postgres'}
  const {stdin, ended, drained} = await startWithWatchdog(place, {...run, program, stop: 'SIGTERM'}, line => {
    // Lines that start with the prompt are not log messages.
    if (!line.startsWith('backend>')) log(line)
  })
  stdin.end(input)
  const [{exitCode}] = await Promise.all([ended, drained])
  return exitCode
}

/** The first superuser created the cluster; a changed POSTGRES_USER is created as another superuser. */
function userSql({user, password}: Database): string[] {
  const role = identifier(user)
  const missing = `IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = ${literal(user)})`
  return [
    `DO $$ BEGIN ${missing} THEN CREATE ROLE ${role} SUPERUSER; END IF; END $$`,
    `ALTER ROLE ${role} LOGIN PASSWORD ${literal(password)}`,
  ]
}

function schemaSql(): string[] {
  return SERVICES.flatMap(({schema}) => (schema ? [`CREATE SCHEMA IF NOT EXISTS ${identifier(schema)}`] : []))
}

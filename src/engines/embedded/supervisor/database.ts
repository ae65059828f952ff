import {chown, mkdtemp, readdir, rename, rm, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {SERVICES} from '../../../stack/catalogue.js'
import {identifier, literal} from '../../../system/text/sql-quote.js'
import type {Home} from '../home/home.js'
import {majorOf} from '../postgres/data.js'
import type {Database, Run} from '../service-spec.js'
import {startGuarded} from './guarded.js'

/** Whose database is prepared, as which programs of PostgreSQL run for it. */
interface Setup {
  home: Home
  run: Run & {database: Database}
  log: (line: string) => void
}

/**
 * Makes the data directory, if there is none, and in it the user with the password of today, the database and its
 * schemas. The server must not run: its own single-user mode does this, which needs no password and no port.
 */
export async function prepareDatabase(setup: Setup): Promise<void> {
  const {database} = setup.run
  const sql = [...userSql(database), ...schemaSql()]
  const create = [`CREATE DATABASE ${identifier(database.name)}`]
  const isNew = (await majorOf(database.data)) === undefined
  if (isNew) await makeCluster(setup)
  if (!isNew && (await single(setup, database.name, sql))) return
  // Of another name than before. If something else was wrong this fails too, and the second try says so.
  await single(setup, 'postgres', create)
  if (!(await single(setup, database.name, sql)))
    throw new Error('its user, database and schemas could not be made')
}

const PREFIX = '.postgres-'

/** In a hidden directory, which gets its name when it is complete: one that was killed leaves nothing to be taken for data. */
async function makeCluster(setup: Setup): Promise<void> {
  const {home, run} = setup
  for (const name of await readdir(home.path))
    if (name.startsWith(PREFIX)) await rm(join(home.path, name), {recursive: true, force: true})
  const draft = await mkdtemp(join(home.path, PREFIX))
  const passwordFile = join(draft, 'password')
  const data = join(draft, 'data')
  await writeFile(passwordFile, run.database.password, {mode: 0o600})
  // The folder last: what is in it is its owner's to replace from then on.
  if (run.owner) for (const path of [passwordFile, draft]) await chown(path, run.owner.uid, run.owner.gid)
  const {bin, user} = run.database
  const program = [
    join(bin, 'initdb'),
    ...['-D', data, '-U', user, '--pwfile', passwordFile, '--auth', 'scram-sha-256'],
    // The same order on every machine, and letters of every alphabet are letters.
    ...['--encoding', 'UTF8', '--locale', 'C', '--lc-ctype', CTYPE, '--no-instructions'],
  ]
  if ((await finish(setup, {program, input: ''})) !== 0) throw new Error('initdb failed')
  await rm(passwordFile)
  // By its owner: root would write through a link.
  const write = ['/bin/sh', '-c', 'printf "%s\\n" "$2" >"$1"', 'sh', join(data, 'pg_hba.conf'), ACCESS]
  if ((await finish(setup, {program: write, input: ''})) !== 0)
    throw new Error('pg_hba.conf could not be written')
  await rename(data, run.database.data)
  await rm(draft, {recursive: true})
}

/** Nobody without a password. */
const ACCESS = 'host all all all scram-sha-256'

/** What each system has without being asked for it. */
const CTYPE = process.platform === 'darwin' ? 'en_US.UTF-8' : 'C.UTF-8'

/** @returns whether every statement was obeyed */
async function single(setup: Setup, name: string, sql: string[]): Promise<boolean> {
  const {bin, data} = setup.run.database
  const options = [
    '-c',
    'exit_on_error=on',
    '-c',
    'log_min_error_statement=panic',
    '-c',
    'log_statement=none',
  ]
  const program = [join(bin, 'postgres'), '--single', '-D', data, ...options, name]
  const input = sql.map(statement => `${statement};\n`).join('')
  return (await finish(setup, {program, input})) === 0
}

/** Runs a program as the server would be run, and waits for its end. */
async function finish(
  {home, run, log}: Setup,
  {program, input}: {program: string[]; input: string},
): Promise<number> {
  const place = {home, service: 'postgres'}
  const {stdin, ended, drained} = await startGuarded(place, {...run, program, stop: 'SIGTERM'}, line => {
    // Its prompts are on the lines of its answers.
    if (!line.startsWith('backend>')) log(line)
  })
  stdin.end(input)
  const [{exitCode}] = await Promise.all([ended, drained])
  return exitCode
}

/** The first superuser is the one that made the cluster; after a change of POSTGRES_USER there is another. */
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

import {readFile} from 'node:fs/promises'
import {join} from 'node:path'
import {AquastreamError} from '../../errors.js'
import {findProfile} from '../../engines/open.js'
import {readOutput} from '../../postgres/output.js'
import {refuseBeside} from '../../postgres/lock.js'
import {reachServer, type Server, type ServerRequest} from '../../postgres/server.js'
import {identifier, literal, refusedAs, type Session, withSession} from '../../postgres/session.js'
import {checkArchive, findSource, type RestoreSource, unreadable} from './source.js'
import {checkDump} from '../archive/check-dump.js'
import {MANIFEST} from '../repository/manifest.js'
import {inOrderOfNeed} from './order.js'
import {findOther, refuseUnlessNamed} from './wrong-database.js'
import {type BackupRequest, backupRoot, sameFlags} from '../repository/location.js'
import {missingRoles} from './roles.js'
import type {BackupSet} from '../repository/sets.js'
import {listSchemas, readFacts, type SchemaSize} from '../dump/snapshot.js'
import {holdsOn} from './failure.js'

export interface RestoreRequest extends BackupRequest, ServerRequest {
  /** One schema; all of the set, and its roles, when absent. */
  schema: string | undefined
  from: string
  at: string | undefined
  file: string | undefined
  /** Another database of the same server. */
  into: string | undefined
  /** Make that database when it is not there. */
  create: boolean
  /** Seconds to wait for tables in use. */
  lockTimeout: number
}

/** What a restore would do. Made without changing anything, and exactly what is applied. */
export interface RestorePlan {
  /** Of commands about the same backups and server. */
  flags: string
  root: string
  server: Server
  source: RestoreSource
  into: string | undefined
  /** The database is made first. */
  creates: boolean
  schemas: PlannedSchema[]
  /** Of other schemas; made again inside the transaction. */
  foreignKeys: string[]
  triggers: string[]
  publications: string[]
  /** What has to be there before: roles and extensions of the backup that the server lacks. */
  roles: string[]
  before: string[]
  /** Schemas of the target beside the restored ones, when the dump may need others that are not there. */
  neighbours: string[] | undefined
  /** Schemas to be saved first, with what they take on the disk there. */
  safety: SchemaSize[]
  /** Seconds, roughly. */
  expected: number
  lockTimeout: number
  notices: string[]
}

export interface PlannedSchema {
  schema: string
  /** Whether it will be replaced, or is not there now. */
  exists: boolean
  tables: {name: string; now: number | undefined; then: number | undefined}[]
}

/** Bytes of an archive that are replayed in a second, roughly: two cores, gzip, indexes included. */
const PACE = 8 * 1024 ** 2

/**
 * Proves the archives, and finds out what their restore would do. Reads only.
 * @throws no-such-backup, no-such-schema, archive-damaged, refused
 */
export function planRestore(request: RestoreRequest, signal: AbortSignal): Promise<RestorePlan> {
  return makePlan(request, signal).catch(refusedAs('restore-failed'))
}

async function makePlan(asked: RestoreRequest, signal: AbortSignal): Promise<RestorePlan> {
  // Found once: a stack that starts meanwhile must not restore one profile's backup into the other.
  const request = {...asked, profile: await findProfile(asked)}
  const root = await backupRoot(request)
  const source = await findSource(request, root)
  const server = await reachServer(request)
  for (const archive of source.archives) {
    signal.throwIfAborted()
    await (archive.known ? checkArchive(archive) : checkDump(archive, server))
  }
  const target = await findTarget(request, server)
  const names = source.archives.map(({schema}) => schema)
  const facts = await withTarget(target, server, session =>
    lookAt(session, {server, source, target, request, signal}),
  )
  if (facts.other !== undefined) refuseUnlessNamed(request, source, facts.other)
  return {
    flags: sameFlags(request),
    root,
    server,
    source: {...source, archives: inOrderOfNeed(source.archives)},
    into: target.name,
    creates: target.creates,
    ...facts,
    schemas: source.archives.map(({schema, known}) => ({
      schema,
      exists: facts.safety.some(({name}) => name === schema),
      tables: compareRows(facts.now.get(schema) ?? [], known?.tables),
    })),
    neighbours:
      target.name === undefined && request.schema !== undefined
        ? undefined
        : facts.there.filter(name => !names.includes(name)),
    expected: Math.ceil(source.archives.reduce((sum, {bytes}) => sum + bytes, 0) / PACE) + 1,
    lockTimeout: request.lockTimeout,
    notices: [
      ...source.passedOver.map(passedOver),
      ...(facts.other === undefined ? [] : [`it is a backup of the database ${facts.other}`]),
      ...(source.manifest ? [] : ['there is no manifest for this file, so its rows cannot be compared']),
    ],
  }
}

function passedOver({id, state, reason}: BackupSet): string {
  return `the newer backup ${id} is ${state} and was passed over${reason === undefined ? '' : `: ${reason}`}`
}

interface Target {
  /** Nothing for the usual database. */
  name: string | undefined
  creates: boolean
}

async function findTarget({into, create}: RestoreRequest, server: Server): Promise<Target> {
  if (into === undefined) return {name: undefined, creates: false}
  return withSession(server, {application: 'aquastream db:restore'}, async session => {
    const current = await session.json<string>('SELECT to_json(current_database())')
    if (into === current) return {name: undefined, creates: false}
    const found = await session.query(`SELECT 1 FROM pg_database WHERE datname = ${literal(into)}`)
    if (found.length > 0 || create) return {name: into, creates: found.length === 0}
    throw new AquastreamError('usage', `there is no database ${JSON.stringify(into)} on ${server.name}`, {
      hint: 'add --create to make it',
    })
  })
}

/** A database that does not exist yet is as empty as none. */
async function withTarget<T>(
  {name, creates}: Target,
  server: Server,
  work: (session: Session | undefined) => Promise<T>,
): Promise<T> {
  if (creates) return work(undefined)
  return withSession(server, {database: name, application: 'aquastream db:restore'}, work)
}

interface Question {
  server: Server
  source: RestoreSource
  target: Target
  request: RestoreRequest
  signal: AbortSignal
}

interface Found extends Pick<
  RestorePlan,
  'safety' | 'foreignKeys' | 'triggers' | 'publications' | 'roles' | 'before'
> {
  there: string[]
  /** The database that was backed up, when it is not the one that is restored. */
  other: string | undefined
  now: Map<string, {name: string; rows: number}[]>
}

async function lookAt(
  session: Session | undefined,
  {server, source, target, request, signal}: Question,
): Promise<Found> {
  const names = source.archives.map(({schema}) => schema)
  // The tables that a restore replaces are locked, and this would wait until it has ended.
  if (session) await refuseBeside(session, server, 'aquastream db:restore')
  const there = session ? await listSchemas(session, names) : []
  const safety = there.filter(({name}) => names.includes(name))
  const holders = session ? await findHolders(server, names, target.name) : NOBODY
  if (holders.refusals.length > 0) throw holdsOn(holders.refusals.join(', '))
  const facts =
    session && safety.length > 0
      ? await readFacts(
          {server, session},
          safety.map(({name}) => name),
          {database: target.name, signal},
        )
      : undefined
  const {roles, statements} = request.schema === undefined ? await findRoles(source, server) : NO_ROLES
  const extensions = session && target.name === undefined ? await session.json<string[]>(EXTENSIONS) : []
  return {
    there: there.map(({name}) => name),
    other: session && target.name === undefined ? await findOther(session, source) : undefined,
    safety,
    now: new Map(facts?.schemas.map(({schema, tables}) => [schema, tables])),
    foreignKeys: holders.foreignKeys,
    triggers: holders.triggers,
    publications: holders.publications,
    roles,
    before: [
      ...statements,
      ...(request.schema === undefined || target.name !== undefined
        ? missingExtensions(source, extensions)
        : []),
    ],
  }
}

const NO_ROLES = {roles: [] as string[], statements: [] as string[]}

interface Holders extends Pick<RestorePlan, 'foreignKeys' | 'triggers' | 'publications'> {
  refusals: string[]
}

const NOBODY: Holders = {foreignKeys: [], triggers: [], publications: [], refusals: []}

async function findHolders(
  server: Server,
  schemas: string[],
  database: string | undefined,
): Promise<Holders> {
  const program = server.run('restore', ['plan', JSON.stringify(schemas)], {database})
  return JSON.parse(await readOutput(program)) as Holders
}

async function findRoles(
  {manifest, directory}: RestoreSource,
  server: Server,
): Promise<{roles: string[]; statements: string[]}> {
  if (!manifest) return NO_ROLES
  const {file, sha256, bytes} = manifest.globals
  const path = join(directory, file)
  await checkArchive({path, sha256, bytes})
  return withSession(server, {application: 'aquastream db:restore'}, async session =>
    missingRoles(
      await readFile(path),
      await session.json<string[]>('SELECT json_agg(rolname) FROM pg_roles'),
    ),
  )
}

const EXTENSIONS = 'SELECT json_agg(extname) FROM pg_extension'

/** Names of extensions come from a manifest, so they are quoted like any other. */
export function missingExtensions({manifest}: RestoreSource, there: string[]): string[] {
  return (manifest?.extensions ?? [])
    .filter(({name}) => !there.includes(name))
    .flatMap(({name, schema}) => [
      `CREATE SCHEMA IF NOT EXISTS ${identifier(schema)};`,
      `CREATE EXTENSION IF NOT EXISTS ${identifier(name)} WITH SCHEMA ${identifier(schema)};`,
    ])
}

function compareRows(
  now: {name: string; rows: number}[],
  then: {name: string; rows: number}[] | undefined,
): PlannedSchema['tables'] {
  const names = [...new Set([...now, ...(then ?? [])].map(({name}) => name))].sort()
  const rowsOf = (tables: {name: string; rows: number}[] | undefined, name: string): number | undefined =>
    tables?.find(table => table.name === name)?.rows
  return names.map(name => ({name, now: rowsOf(now, name), then: rowsOf(then, name)}))
}

/** The text of a set's manifest, as the script compares it. */
export async function manifestText({set, directory}: RestoreSource): Promise<string | undefined> {
  if (!set) return undefined
  const path = join(directory, MANIFEST)
  return readFile(path, 'utf8').catch((error: unknown) => {
    throw unreadable(path, error)
  })
}

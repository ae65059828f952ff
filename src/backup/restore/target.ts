import {AquastreamError} from '../../errors.js'
import {refuseBeside} from '../../postgres/lock.js'
import type {Server} from '../../postgres/server.js'
import {type Session, withSession} from '../../postgres/session.js'
import {literal} from '../../system/text/sql-quote.js'
import {listSchemas, readFacts, type SchemaSize} from '../dump/snapshot.js'
import type {Archive} from '../repository/manifest.js'
import {type Dependents, dependentsError, findDependents, NO_DEPENDENTS} from './dependents.js'
import type {RestoreSource} from './source.js'
import {findOther} from './wrong-database.js'

/** The database that a restore goes into. */
export interface RestoreTarget {
  /** Nothing for the usual database. */
  name: string | undefined
  /** It is made first. */
  creates: boolean
}

/** What is in that database now. */
export interface TargetState {
  /** Every schema; those that are restored with what they take on the disk. */
  schemas: SchemaSize[]
  /** Rows of each table, by schema, of those that are restored. */
  tables: Map<string, Archive['tables']>
  dependents: Dependents
  extensions: string[]
  /** The database that was backed up, when it is not the usual one, which is to be restored. */
  other: string | undefined
}

const APPLICATION = 'aquastream db:restore'

/**
 * @param into another database than the usual one
 * @throws usage: there is no such database, and it is not to be created
 */
export async function findTarget(
  {into, create}: {into: string | undefined; create: boolean},
  server: Server,
): Promise<RestoreTarget> {
  if (into === undefined) return {name: undefined, creates: false}
  return withSession(server, {application: APPLICATION}, async session => {
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
const EMPTY: TargetState = {
  schemas: [],
  tables: new Map(),
  dependents: NO_DEPENDENTS,
  extensions: [],
  other: undefined,
}

/**
 * Looks at what a restore would replace; changes nothing.
 * @throws busy: another restore holds the locks of these tables; refused: other schemas would lose something
 */
export async function inspectTarget(
  {name, creates}: RestoreTarget,
  {server, source}: {server: Server; source: RestoreSource},
  signal: AbortSignal,
): Promise<TargetState> {
  if (creates) return EMPTY
  const restored = source.archives.map(({schema}) => schema)
  return withSession(server, {database: name, application: APPLICATION}, async session => {
    // The tables that a restore replaces are locked, and this would wait until it has ended.
    await refuseBeside(session, server, APPLICATION)
    const schemas = await listSchemas(session, restored)
    const dependents = await findDependents(server, restored, name)
    if (dependents.refusals.length > 0) throw dependentsError(dependents.refusals.join(', '))
    const replaced = restored.filter(schema => schemas.some(found => found.name === schema))
    const tables = await readTables({server, session}, replaced, {database: name, signal})
    const isUsual = name === undefined
    return {
      schemas,
      tables,
      dependents,
      extensions: isUsual ? await session.json<string[]>('SELECT json_agg(extname) FROM pg_extension') : [],
      other: isUsual ? await findOther(session, source) : undefined,
    }
  })
}

async function readTables(
  at: {server: Server; session: Session},
  schemas: string[],
  options: {database: string | undefined; signal: AbortSignal},
): Promise<TargetState['tables']> {
  if (schemas.length === 0) return new Map()
  const facts = await readFacts(at, schemas, options)
  return new Map(facts.schemas.map(({schema, tables}) => [schema, tables]))
}

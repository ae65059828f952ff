import {AquastreamError} from '../../errors.js'
import {failIfRunning} from '../../postgres/lock.js'
import {namingPrivileges} from '../../postgres/privileges.js'
import type {Server} from '../../postgres/server.js'
import {type Session, withSession} from '../../postgres/session.js'
import {jsonLiteral, literal} from '../../system/text/sql-quote.js'
import {listSchemas, readFacts, type SchemaSize} from '../dump/snapshot.js'
import type {Archive} from '../repository/manifest.js'
import {type Dependents, dependentsError, findDependents, NO_DEPENDENTS} from './dependents.js'
import type {RestoreSource} from './source.js'
import {findOther} from './wrong-database.js'
import {quoteTyped} from '../../system/text/typed.js'

/** The database to restore into. */
export interface RestoreTarget {
  /** Undefined for the default database: the one of the URL or the stack. */
  name: string | undefined
  /** The database does not exist and is created first. */
  creates: boolean
}

/** The current content of the target database. */
export interface TargetState {
  /** All schemas; the size is measured only for those to be restored. */
  schemas: SchemaSize[]
  /** Rows of each table of the schemas to be restored, by schema. */
  tables: Map<string, Archive['tables']>
  dependents: Dependents
  extensions: string[]
  /** Foreign keys of other schemas to those to be restored that exist only in the backup. */
  missingForeignKeys: string[]
  /** Name of the database that was backed up, if it differs from the default database, which is to be restored. */
  other: string | undefined
}

const APPLICATION = 'aquastream db:restore'

/**
 * Finds the target database of a restore.
 * @param into another database of the same server
 * @throws usage: the database does not exist, and is not to be created; refused: it is a database of the system;
 *   database-unreachable; SqlError
 */
export async function findTarget(
  {into, create}: {into: string | undefined; create: boolean},
  server: Server,
): Promise<RestoreTarget> {
  if (into === undefined) return {name: undefined, creates: false}
  return withSession(server, {application: APPLICATION}, async session => {
    const current = await session.json<string>('SELECT to_json(current_database())')
    if (into === current) return {name: undefined, creates: false}
    const [isTemplate] = await session.query(
      `SELECT datistemplate FROM pg_database WHERE datname = ${literal(into)}`,
    )
    if (isTemplate === 't' || into === 'postgres') throw systemDatabase(into)
    if (isTemplate !== undefined || create) return {name: into, creates: isTemplate === undefined}
    throw new AquastreamError('usage', `database ${quoteTyped(into)} does not exist on ${server.name}`, {
      hint: 'add --create to create it',
    })
  })
}

/** Every database that is created later is a copy of a template, and tools expect `postgres` to be empty. */
function systemDatabase(name: string): AquastreamError {
  return new AquastreamError('refused', `database ${name} belongs to the PostgreSQL server`, {
    hint: 'restore into a separate database: --into inspect --create',
  })
}

/** The state of a database that does not exist yet. */
const EMPTY: TargetState = {
  schemas: [],
  tables: new Map(),
  dependents: NO_DEPENDENTS,
  extensions: [],
  missingForeignKeys: [],
  other: undefined,
}

/**
 * Reads what a restore would replace. Changes nothing.
 * @throws busy: another restore holds the lock of the database; refused: dependents would be lost;
 *   database-unreachable; SqlError
 */
export async function inspectTarget(
  {name, creates}: RestoreTarget,
  {server, source}: {server: Server; source: RestoreSource},
  signal: AbortSignal,
): Promise<TargetState> {
  if (creates) return EMPTY
  const restored = source.archives.map(({schema}) => schema)
  return withSession(server, {database: name, application: APPLICATION}, async session => {
    // A running restore locks the tables that it replaces, and reading them would wait until it has ended.
    await failIfRunning(session, server, APPLICATION)
    const schemas = await listSchemas(session, restored)
    const dependents = await findDependents(server, restored, name)
    if (dependents.refusals.length > 0) throw dependentsError(restored, dependents.refusals)
    const replaced = restored.filter(schema => schemas.some(found => found.name === schema))
    const tables = await readTables({server, session}, replaced, {database: name, signal})
    const isDefault = name === undefined
    return {
      schemas,
      tables,
      dependents,
      missingForeignKeys: await findMissing(session, foreignKeysTo(source, schemas)),
      extensions: isDefault ? await session.json<string[]>('SELECT json_agg(extname) FROM pg_extension') : [],
      other: isDefault ? await findOther(session, source) : undefined,
    }
  })
}

/** The names of foreign keys of other schemas that exist, as pg_identify_object writes them. */
function foreignKeysTo({manifest, archives}: RestoreSource, existing: SchemaSize[]): string[] {
  const restored = archives.map(({schema}) => schema)
  const others = (manifest?.archives ?? []).filter(
    ({schema}) => !restored.includes(schema) && existing.some(({name}) => name === schema),
  )
  return others
    .flatMap(({links}) => links)
    .filter(({kind, schema}) => kind === 'table constraint' && restored.includes(schema))
    .map(({name}) => name)
}

async function findMissing(session: Session, foreignKeys: string[]): Promise<string[]> {
  if (foreignKeys.length === 0) return []
  return session.json(`
    SELECT coalesce(json_agg(wanted ORDER BY wanted), '[]')
    FROM json_array_elements_text(${jsonLiteral(foreignKeys)}) wanted
    WHERE wanted NOT IN (SELECT o.identity FROM pg_constraint c, pg_identify_object('pg_constraint'::regclass, c.oid, 0) o
      WHERE contype = 'f')`)
}

async function readTables(
  at: {server: Server; session: Session},
  schemas: string[],
  options: {database: string | undefined; signal: AbortSignal},
): Promise<TargetState['tables']> {
  if (schemas.length === 0) return new Map()
  const facts = await readFacts(at, schemas, options).catch(namingPrivileges(at.session, schemas))
  return new Map(facts.schemas.map(({schema, tables}) => [schema, tables]))
}

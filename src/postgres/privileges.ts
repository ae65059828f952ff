import {jsonLiteral} from '../system/text/sql-quote.js'
import {SqlError} from './failures.js'
import type {Session} from './session.js'

/** The SQLSTATE insufficient_privilege. */
const INSUFFICIENT = '42501'
/** The number of missing privileges that a hint names. */
const NAMED = 4

/**
 * Returns an error handler for work that reads schemas: if the user lacks a privilege, the error gets a hint that names
 * it. The error is always thrown.
 */
export function namingPrivileges(session: Session, schemas: string[]) {
  return async (error: unknown): Promise<never> => {
    if (error instanceof SqlError && error.state === INSUFFICIENT)
      error.hint = await missingPrivileges(session, schemas).catch(() => undefined)
    throw error
  }
}

/** Returns an error handler: if the user lacks this privilege, the error names it. The error is always thrown. */
export function requiring(privilege: string) {
  return (error: unknown): never => {
    if (error instanceof SqlError && error.state === INSUFFICIENT)
      error.hint = `grant ${privilege} to the user, or connect as a superuser`
    throw error
  }
}

/**
 * Returns a hint that names the privileges that the user lacks to dump these schemas; undefined if there are none. It only
 * reads the catalogs: an attempt to read the tables would wait for locks, or abort the transaction of the session.
 * @throws SqlError; database-unreachable
 */
export async function missingPrivileges(session: Session, schemas: string[]): Promise<string | undefined> {
  const {user, missing} = await session.json<{user: string; missing: string[]}>(`
    WITH wanted AS (
      SELECT oid, nspname FROM pg_namespace WHERE nspname IN (SELECT json_array_elements_text(${jsonLiteral(schemas)}))
    ), relations AS (
      SELECT c.oid, relkind, relrowsecurity FROM pg_class c JOIN wanted w ON w.oid = relnamespace
      WHERE relkind IN ('r', 'p', 'S') AND NOT EXISTS (
        SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = c.oid AND deptype = 'e')
    )
    SELECT json_build_object('user', current_user, 'missing', (
      SELECT coalesce(json_agg(text ORDER BY text), '[]') FROM (
        SELECT format('USAGE on schema %I', nspname) FROM wanted WHERE NOT has_schema_privilege(oid, 'USAGE')
        UNION ALL
        SELECT format('SELECT on %s', oid::regclass) FROM relations WHERE NOT has_table_privilege(oid, 'SELECT')
        UNION ALL
        SELECT format('BYPASSRLS, because of the row-level security of %s', oid::regclass) FROM relations
        WHERE row_security_active(oid)
      ) privileges (text)))`)
  if (missing.length === 0) return undefined
  const more = missing.length > NAMED ? `; and ${missing.length - NAMED} more` : ''
  return `user ${user} needs ${missing.slice(0, NAMED).join('; ')}${more}; grant it, or connect as a superuser`
}

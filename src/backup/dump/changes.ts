import type {Server} from '../../postgres/server.js'
import {type Session, withSession} from '../../postgres/session.js'
import {jsonLiteral} from '../../system/text/sql-quote.js'

/** The schemas changed while they were dumped, so that the dump is not of one moment or failed. */
export class SchemaChangedError extends Error {
  /** @param what the changed objects and what happened to them, as the beginning of a sentence */
  constructor(readonly what: string) {
    super(what)
    this.name = 'SchemaChangedError'
  }
}

/**
 * Returns whether a definition in these schemas has changed since the snapshot of the transaction that the session holds.
 * pg_dump reads some definitions as they are now, and fails if they do not fit those in the snapshot.
 * @throws SqlError; database-unreachable
 */
export async function haveDefinitionsChanged(
  {server, session}: {server: Server; session: Session},
  schemas: string[],
  database: string | undefined,
): Promise<boolean> {
  const then = await fingerprint(session, schemas)
  const now = await withSession(server, {database}, current => fingerprint(current, schemas))
  return then !== now
}

/** Every change of a definition writes a new version of a row of the catalogs, whose xmin is the transaction. */
function fingerprint(session: Session, schemas: string[]): Promise<string | null> {
  return session.json(`
    WITH wanted AS (
      SELECT oid, xmin FROM pg_namespace WHERE nspname IN (SELECT json_array_elements_text(${jsonLiteral(schemas)}))
    ), relations AS (SELECT c.oid, c.xmin FROM pg_class c JOIN wanted w ON w.oid = relnamespace)
    SELECT to_json(md5(string_agg(version, ',' ORDER BY version))) FROM (
      SELECT 'schema ' || oid || ' ' || xmin FROM wanted
      UNION ALL SELECT 'relation ' || oid || ' ' || xmin FROM relations
      UNION ALL SELECT 'column ' || attrelid || ' ' || attnum || ' ' || a.xmin FROM pg_attribute a JOIN relations r ON r.oid = attrelid
      UNION ALL SELECT 'default ' || d.oid || ' ' || d.xmin FROM pg_attrdef d JOIN relations r ON r.oid = adrelid
      UNION ALL SELECT 'index ' || indexrelid || ' ' || i.xmin FROM pg_index i JOIN relations r ON r.oid = indrelid
      UNION ALL SELECT 'trigger ' || t.oid || ' ' || t.xmin FROM pg_trigger t JOIN relations r ON r.oid = tgrelid
      UNION ALL SELECT 'rule ' || w.oid || ' ' || w.xmin FROM pg_rewrite w JOIN relations r ON r.oid = ev_class
      UNION ALL SELECT 'policy ' || p.oid || ' ' || p.xmin FROM pg_policy p JOIN relations r ON r.oid = polrelid
      UNION ALL SELECT 'type ' || t.oid || ' ' || t.xmin FROM pg_type t JOIN wanted w ON w.oid = typnamespace
      UNION ALL SELECT 'function ' || p.oid || ' ' || p.xmin FROM pg_proc p JOIN wanted w ON w.oid = pronamespace
      UNION ALL SELECT 'constraint ' || c.oid || ' ' || c.xmin FROM pg_constraint c JOIN wanted w ON w.oid = connamespace
    ) versions (version)`)
}

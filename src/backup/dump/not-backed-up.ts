import type {Session} from '../../postgres/session.js'
import {jsonLiteral} from '../../system/text/sql-quote.js'

/**
 * Finds objects that a backup of these schemas does not contain, and tables that it contains only in part.
 * @returns sentences for notices
 * @throws SqlError; database-unreachable
 */
export async function findNotBackedUp(session: Session, schemas: string[]): Promise<string[]> {
  const within = `(SELECT oid FROM pg_namespace WHERE nspname IN (SELECT json_array_elements_text(${jsonLiteral(schemas)})))`
  const nowhere = await session.json<string[]>(nowhereSql(within))
  const apart = await session.json<string[]>(apartSql(within))
  return [
    ...(nowhere.length > 0 ? [`in no backup of schemas, and so not in this one: ${nowhere.join(', ')}`] : []),
    ...apart.map(pair => `${pair}: restore their schemas together, from a backup of both`),
  ]
}

/**
 * Objects that belong to the database and to no schema. pg_dump also omits extended statistics in another schema
 * than their table.
 */
function nowhereSql(within: string): string {
  return `
    SELECT coalesce(json_agg(name ORDER BY name), '[]') FROM (
      SELECT pg_describe_object(classid, objid, 0) AS name FROM (
        SELECT 'pg_cast'::regclass::oid AS classid, oid AS objid FROM pg_cast WHERE oid >= 16384
        UNION ALL SELECT 'pg_event_trigger'::regclass, oid FROM pg_event_trigger
        UNION ALL SELECT 'pg_publication'::regclass, oid FROM pg_publication
        UNION ALL SELECT 'pg_statistic_ext'::regclass, s.oid FROM pg_statistic_ext s JOIN pg_class c ON c.oid = stxrelid
          WHERE relnamespace <> stxnamespace AND stxnamespace IN ${within}
      ) o WHERE NOT EXISTS (
        -- Those of an extension, and the casts of ranges, are made with what they belong to.
        SELECT FROM pg_depend d WHERE (d.classid, d.objid) = (o.classid, o.objid) AND deptype IN ('e', 'i'))
      UNION ALL SELECT 'large objects' WHERE EXISTS (SELECT FROM pg_largeobject_metadata)
      UNION ALL SELECT 'settings of the database' WHERE EXISTS (SELECT FROM pg_db_role_setting
        WHERE setrole = 0 AND setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database()))
    ) names`
}

function apartSql(within: string): string {
  return `
    SELECT coalesce(json_agg(format('%s is a partition of %s', c.oid::regclass, p.oid::regclass) ORDER BY c.oid), '[]')
    FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid JOIN pg_class p ON p.oid = inhparent
    WHERE c.relkind IN ('r', 'p', 'f') AND c.relispartition AND c.relnamespace <> p.relnamespace
      AND (c.relnamespace IN ${within} OR p.relnamespace IN ${within})`
}

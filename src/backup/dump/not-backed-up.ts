import type {Session} from '../../postgres/session.js'
import {jsonLiteral} from '../../system/text/sql-quote.js'

/**
 * Finds objects that a backup of these schemas does not contain, tables that it contains only in part, and those that a restore
 * cannot fill.
 * @returns sentences for notices
 * @throws SqlError; database-unreachable
 */
export async function findNotBackedUp(session: Session, schemas: string[]): Promise<string[]> {
  const within = `(SELECT oid FROM pg_namespace WHERE nspname IN (SELECT json_array_elements_text(${jsonLiteral(schemas)})))`
  const outside = await session.json<string[]>(outsideSql(within))
  const partitions = await session.json<string[]>(partitionsSql(within))
  const unfilled = await session.json<string[]>(unfilledSql(within))
  return [
    ...(outside.length > 0 ? [`not included in schema backups: ${outside.join(', ')}`] : []),
    ...unfilled.map(pair => `${pair}, which is filled after the rows: a restore of rows can fail`),
    ...partitions.map(pair => `${pair}: restore both schemas together, from one backup`),
  ]
}

/**
 * Selects objects that belong to the database and not to a schema. pg_dump also omits extended statistics that are
 * in another schema than their table.
 */
function outsideSql(within: string): string {
  return `
    SELECT coalesce(json_agg(name ORDER BY name), '[]') FROM (
      SELECT pg_describe_object(classid, objid, 0) AS name FROM (
        SELECT 'pg_cast'::regclass::oid AS classid, oid AS objid FROM pg_cast WHERE oid >= 16384
        UNION ALL SELECT 'pg_event_trigger'::regclass, oid FROM pg_event_trigger
        UNION ALL SELECT 'pg_publication'::regclass, oid FROM pg_publication
        UNION ALL SELECT 'pg_foreign_data_wrapper'::regclass, oid FROM pg_foreign_data_wrapper
        UNION ALL SELECT 'pg_foreign_server'::regclass, oid FROM pg_foreign_server
        UNION ALL SELECT 'pg_language'::regclass, oid FROM pg_language WHERE oid >= 16384
        UNION ALL SELECT 'pg_am'::regclass, oid FROM pg_am WHERE oid >= 16384
        UNION ALL SELECT 'pg_transform'::regclass, oid FROM pg_transform
        UNION ALL SELECT 'pg_statistic_ext'::regclass, s.oid FROM pg_statistic_ext s JOIN pg_class c ON c.oid = stxrelid
          WHERE relnamespace <> stxnamespace AND stxnamespace IN ${within}
      ) o WHERE NOT EXISTS (
        -- Members of extensions, and the casts of range types, are created with the object that they belong to.
        SELECT FROM pg_depend d WHERE (d.classid, d.objid) = (o.classid, o.objid) AND deptype IN ('e', 'i'))
      UNION ALL SELECT DISTINCT format('the disabled triggers of %s', pg_describe_object('pg_constraint'::regclass, tgconstraint, 0))
        FROM pg_trigger JOIN pg_class c ON c.oid = tgrelid
        WHERE tgisinternal AND tgenabled = 'D' AND tgconstraint <> 0 AND relnamespace IN ${within}
      UNION ALL SELECT 'large objects' WHERE EXISTS (SELECT FROM pg_largeobject_metadata)
      UNION ALL SELECT 'settings of the database' WHERE EXISTS (SELECT FROM pg_db_role_setting
        WHERE setrole = 0 AND setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database()))
    ) names`
}

/** Selects partitions that are in another schema than their partitioned table. */
function partitionsSql(within: string): string {
  return `
    SELECT coalesce(json_agg(format('%s is a partition of %s', c.oid::regclass, p.oid::regclass) ORDER BY c.oid), '[]')
    FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid JOIN pg_class p ON p.oid = inhparent
    WHERE c.relkind IN ('r', 'p', 'f') AND c.relispartition AND c.relnamespace <> p.relnamespace
      AND (c.relnamespace IN ${within} OR p.relnamespace IN ${within})`
}

/**
 * Selects what the server computes for each row that is loaded, and the materialized view that it reads, through functions with
 * SQL bodies, operators and views. A restore cannot fill the view first, because the view itself reads rows.
 */
function unfilledSql(within: string): string {
  return `
    WITH RECURSIVE uses (classid, objid, refclassid, refobjid) AS (
      SELECT classid, objid, refclassid, refobjid FROM pg_depend WHERE classid IN ('pg_proc'::regclass, 'pg_operator'::regclass)
      UNION ALL SELECT 'pg_class'::regclass, ev_class, refclassid, refobjid FROM pg_rewrite r JOIN pg_class c ON c.oid = ev_class
        JOIN pg_depend ON (classid, objid) = ('pg_rewrite'::regclass, r.oid) WHERE relkind = 'v'
    ), computed (classid, objid) AS (
      SELECT 'pg_constraint'::regclass, oid FROM pg_constraint WHERE contype = 'c' AND convalidated AND connamespace IN ${within}
      UNION ALL SELECT 'pg_attrdef'::regclass, d.oid FROM pg_attrdef d JOIN pg_class c ON c.oid = adrelid
        JOIN pg_attribute ON (attrelid, attnum) = (adrelid, adnum) WHERE attgenerated = 's' AND relnamespace IN ${within}
    ), reads AS (
      SELECT c.classid, c.objid, refclassid, refobjid FROM computed c JOIN pg_depend USING (classid, objid)
      UNION SELECT r.classid, r.objid, u.refclassid, u.refobjid
        FROM reads r JOIN uses u ON (u.classid, u.objid) = (r.refclassid, r.refobjid)
    )
    SELECT coalesce(json_agg(format('%s reads %s', pg_describe_object(classid, objid, 0),
      pg_describe_object(refclassid, refobjid, 0)) ORDER BY classid, objid), '[]')
    FROM reads JOIN pg_class ON refclassid = 'pg_class'::regclass AND pg_class.oid = refobjid
    WHERE relkind = 'm' AND relnamespace IN ${within}`
}

// Queries that describe a database, except for its rows and its dump. Each row of a result is one text.

/** Returns a subquery for the named schemas, or for all schemas except those of the system. */
export function namespaces(schemas: string[] | undefined): string {
  const names = schemas?.map(name => literal(name)).join(', ')
  const condition = names ? `nspname IN (${names})` : `nspname !~ '^pg_' AND nspname <> 'information_schema'`
  return `(SELECT oid FROM pg_namespace WHERE ${condition})`
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

/** Returns a condition that excludes the members of extensions, which a dump does not contain. */
const own = (catalog: string, oid: string): string =>
  `NOT EXISTS (SELECT FROM pg_depend WHERE classid = '${catalog}'::regclass AND objid = ${oid} AND deptype = 'e')`

/** Returns a query for the privileges in an ACL, one row per grantee and grantor. */
const explode = (acl: string): string =>
  `SELECT grantee, grantor, string_agg(privilege_type || CASE WHEN is_grantable THEN '*' ELSE '' END, ', ' ORDER BY privilege_type) AS privileges
   FROM aclexplode(${acl}) GROUP BY 1, 2`
const grant = `format('%s to %s by %s', privileges, CASE grantee WHEN 0 THEN 'PUBLIC' ELSE grantee::regrole::text END, grantor::regrole)`

const name = (identity: string): string => `(SELECT concat_ws(' ', type, identity) FROM ${identity})`

/** Returns a query for the objects of the schemas that have an owner, with the object type for acldefault(). */
const owned = (within: string): string => `
  SELECT 'pg_class'::regclass AS catalog, oid, relowner AS owner, relacl AS acl, CASE relkind WHEN 'S' THEN 's' ELSE 'r' END AS letter
    FROM pg_class WHERE relnamespace IN ${within} AND relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND ${own('pg_class', 'pg_class.oid')}
  UNION ALL SELECT 'pg_proc', oid, proowner, proacl, 'f' FROM pg_proc WHERE pronamespace IN ${within} AND ${own('pg_proc', 'pg_proc.oid')}
  UNION ALL SELECT 'pg_type', t.oid, typowner, typacl, 'T' FROM pg_type t LEFT JOIN pg_class r ON r.oid = typrelid
    WHERE typnamespace IN ${within} AND typelem = 0 AND typtype <> 'm' AND coalesce(relkind, 'c') = 'c' AND ${own('pg_type', 't.oid')}
  UNION ALL SELECT 'pg_namespace', oid, nspowner, nspacl, 'n' FROM pg_namespace WHERE oid IN ${within}
  ${Object.entries({
    pg_operator: 'opr',
    pg_collation: 'coll',
    pg_ts_config: 'cfg',
    pg_ts_dict: 'dict',
    pg_statistic_ext: 'stx',
    pg_opclass: 'opc',
    pg_opfamily: 'opf',
    pg_conversion: 'con',
  })
    .map(
      ([catalog, prefix]) =>
        `UNION ALL SELECT '${catalog}', oid, ${prefix}owner, NULL, NULL FROM ${catalog} WHERE ${prefix}namespace IN ${within} AND ${own(catalog, `${catalog}.oid`)}`,
    )
    .join('\n  ')}`

/** The same for the whole database, with the objects that belong to no schema. */
const ownedByDatabase = `
  UNION ALL SELECT 'pg_publication', oid, pubowner, NULL, NULL FROM pg_publication
  UNION ALL SELECT 'pg_event_trigger', oid, evtowner, NULL, NULL FROM pg_event_trigger
  UNION ALL SELECT 'pg_extension', oid, extowner, NULL, NULL FROM pg_extension
  UNION ALL SELECT 'pg_language', oid, lanowner, lanacl, 'l' FROM pg_language WHERE lanpltrusted
  UNION ALL SELECT 'pg_foreign_data_wrapper', oid, fdwowner, fdwacl, 'F' FROM pg_foreign_data_wrapper
  UNION ALL SELECT 'pg_foreign_server', oid, srvowner, srvacl, 'S' FROM pg_foreign_server
  UNION ALL SELECT 'pg_largeobject', oid, lomowner, lomacl, 'L' FROM pg_largeobject_metadata`

/** Returns queries for the objects of these schemas. */
export function schemaQueries(schemas: string[] | undefined): Record<string, string> {
  const within = namespaces(schemas)
  const objects = `(${owned(within)} ${schemas ? '' : ownedByDatabase}) AS object`
  const relation = `JOIN pg_class r ON r.oid = relation WHERE r.relnamespace IN ${within}`
  const named = schemas?.map(schema => literal(schema)).join(', ')
  return {
    owners: `SELECT format('%s: %s', ${name('pg_identify_object(catalog, oid, 0)')}, owner::regrole) FROM ${objects}`,
    grants: `
      SELECT format('%s: %s', ${name('pg_identify_object(catalog, oid, 0)')}, ${grant})
        FROM ${objects}, LATERAL (${explode('coalesce(acl, acldefault(letter::"char", owner))')}) AS grants WHERE letter IS NOT NULL
      UNION ALL SELECT format('column %s.%I: %s', attrelid::regclass, attname, ${grant})
        FROM pg_attribute a JOIN pg_class r ON r.oid = attrelid, LATERAL (${explode('attacl')}) AS grants
        WHERE relnamespace IN ${within} AND NOT attisdropped`,
    'default grants': `
      SELECT format('of %s in %s for %s: %s', defaclrole::regrole, nullif(defaclnamespace, 0)::regnamespace, defaclobjtype, ${grant})
        FROM pg_default_acl, LATERAL (${explode('defaclacl')}) AS grants
        WHERE ${schemas ? `defaclnamespace IN ${within}` : 'true'}`,
    comments: `
      SELECT format('%s: %s', ${name('pg_identify_object(classoid, objoid, objsubid)')}, description)
        FROM pg_description, LATERAL pg_identify_object_as_address(classoid, objoid, objsubid) AS address
        WHERE (objoid >= 16384 OR objoid = 'public'::regnamespace)
          AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = classoid AND objid = objoid AND deptype = 'e')
          AND ${named ? `(object_names[1] IN (${named}) OR type = 'domain constraint' AND split_part(object_names[1], '.', 1) IN (SELECT quote_ident(s) FROM unnest(ARRAY[${named}]) s))` : 'true'}`,
    relations: `
      SELECT format('%s: %s', oid::regclass, jsonb_strip_nulls(jsonb_build_object(
          'kind', relkind, 'persistence', relpersistence, 'row security', relrowsecurity, 'forced', relforcerowsecurity,
          'replica identity', relreplident, 'filled', relispopulated, 'options', reloptions, 'tablespace', nullif(reltablespace, 0),
          'method', (SELECT amname FROM pg_am am WHERE am.oid = relam), 'of', nullif(reloftype, 0)::regtype,
          'toast', (SELECT t.reloptions FROM pg_class t WHERE t.oid = r.reltoastrelid), 'bound', pg_get_expr(relpartbound, oid),
          'partitioned', CASE relkind WHEN 'p' THEN pg_get_partkeydef(oid) END,
          'parents', (SELECT jsonb_agg(inhparent::regclass ORDER BY inhseqno) FROM pg_inherits WHERE inhrelid = r.oid),
          'query', CASE WHEN relkind IN ('v', 'm') THEN pg_get_viewdef(oid) END)))
        FROM pg_class r WHERE relnamespace IN ${within} AND relkind IN ('r', 'p', 'v', 'm', 'S', 'f', 'c', 'i', 'I')`,
    // A column of an index has the compression that the column of the table had when the index was created.
    // PostgreSQL 17 of the testbed stores a number of its own in pg_attver; its pg_dump omits it as well.
    columns: `
      SELECT format('%s.%I: %s', attrelid::regclass, attname, jsonb_strip_nulls(jsonb_build_object(
          'place', row_number() OVER (PARTITION BY attrelid ORDER BY attnum), 'type', format_type(atttypid, atttypmod), 'not null', attnotnull,
          'default', (SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef WHERE adrelid = attrelid AND adnum = attnum),
          'identity', attidentity, 'generated', attgenerated, 'storage', attstorage, 'compression', CASE WHEN relkind NOT IN ('i', 'I') THEN attcompression END,
          'statistics', attstattarget, 'options', (SELECT jsonb_agg(option) FROM unnest(attoptions) AS option WHERE option NOT LIKE 'pg_attver=%'), 'collation', nullif(attcollation, 0)::regcollation,
          'local', attislocal, 'inherited', attinhcount)))
        FROM pg_attribute a JOIN pg_class r ON r.oid = attrelid
        WHERE relnamespace IN ${within} AND relkind IN ('r', 'p', 'v', 'm', 'f', 'c', 'i', 'I') AND attnum > 0 AND NOT attisdropped`,
    // PostgreSQL generates the names of foreign keys that partitions inherit from the partitioned table. Whether
    // children inherit the key of a partition has no meaning, and a dump does not contain it.
    constraints: `
      SELECT format('%s on %s: %s %s', CASE WHEN conparentid > 0 AND contype = 'f' THEN 'part of ' ||
          (SELECT quote_ident(p.conname) FROM pg_constraint p WHERE p.oid = c.conparentid) ELSE quote_ident(conname) END,
          CASE conrelid WHEN 0 THEN contypid::regtype::text ELSE conrelid::regclass::text END, pg_get_constraintdef(oid),
          jsonb_build_object('valid', convalidated, 'local', conislocal, 'inherited', coninhcount, 'not inherited', CASE WHEN contype IN ('c', 'n') THEN connoinherit END,
            'deferrable', condeferrable, 'deferred', condeferred, 'index', nullif(conindid, 0)::regclass,
            'triggers', (SELECT jsonb_agg(DISTINCT tgenabled) FROM pg_trigger WHERE tgconstraint = c.oid)))
        FROM pg_constraint c WHERE connamespace IN ${within}`,
    indexes: `
      SELECT format('%s %s', pg_get_indexdef(indexrelid), jsonb_build_object('valid', indisvalid, 'ready', indisready, 'clustered', indisclustered,
          'identity', indisreplident, 'primary', indisprimary, 'unique', indisunique, 'immediate', indimmediate))
        FROM (SELECT *, indrelid AS relation FROM pg_index) AS i ${relation}`,
    triggers: `
      SELECT format('%s %s', pg_get_triggerdef(t.oid), tgenabled)
        FROM (SELECT *, tgrelid AS relation FROM pg_trigger WHERE NOT tgisinternal) AS t ${relation}`,
    rules: `
      SELECT format('%s %s', pg_get_ruledef(w.oid), ev_enabled)
        FROM (SELECT *, ev_class AS relation FROM pg_rewrite WHERE rulename <> '_RETURN') AS w ${relation}`,
    policies: `SELECT to_jsonb(p)::text FROM pg_policies p WHERE quote_ident(schemaname)::regnamespace IN ${within}`,
    functions: `
      SELECT CASE prokind WHEN 'a' THEN (SELECT format('%s: %s %s %s', p.oid::regprocedure, aggtransfn, aggtranstype::regtype, agginitval) FROM pg_aggregate WHERE aggfnoid = p.oid)
        ELSE pg_get_functiondef(oid) END
        FROM pg_proc p WHERE pronamespace IN ${within} AND ${own('pg_proc', 'p.oid')}`,
    types: `
      SELECT format('%s: %s', oid::regtype, jsonb_strip_nulls(jsonb_build_object('kind', typtype, 'not null', typnotnull, 'default', typdefault,
          'base', nullif(typbasetype, 0)::regtype, 'modifier', format_type(nullif(typbasetype, 0), typtypmod), 'collation', nullif(typcollation, 0)::regcollation,
          'labels', (SELECT jsonb_agg(enumlabel ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = t.oid),
          'range of', (SELECT rngsubtype::regtype FROM pg_range WHERE rngtypid = t.oid), 'multirange', (SELECT rngmultitypid::regtype FROM pg_range WHERE rngtypid = t.oid))))
        FROM pg_type t WHERE typnamespace IN ${within} AND ${own('pg_type', 't.oid')}`,
    sequences: `
      SELECT format('%s: %s of %s', seqrelid::regclass, to_jsonb(s) - '{seqrelid,seqtypid}'::text[] || jsonb_build_object('type', seqtypid::regtype),
          (SELECT ${name('pg_identify_object(refclassid, refobjid, refobjsubid)')} || ' ' || deptype::text FROM pg_depend
           WHERE classid = 'pg_class'::regclass AND objid = seqrelid AND refobjsubid > 0 AND deptype IN ('a', 'i')))
        FROM pg_sequence s JOIN pg_class r ON r.oid = seqrelid WHERE relnamespace IN ${within}`,
    statistics: `
      SELECT format('%s %s', pg_get_statisticsobjdef(oid), to_jsonb(s) -> 'stxstattarget') FROM pg_statistic_ext s WHERE stxnamespace IN ${within}`,
    'publication members': `
      SELECT format('%I: %s (%s) where %s', pubname, prrelid::regclass, (SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum)
          FROM pg_attribute WHERE attrelid = prrelid AND attnum = ANY (prattrs)), pg_get_expr(prqual, prrelid))
        FROM (SELECT *, prrelid AS relation FROM pg_publication_rel) AS m JOIN pg_publication p ON p.oid = prpubid ${relation}
      UNION ALL SELECT format('%I: schema %s', pubname, pnnspid::regnamespace)
        FROM pg_publication_namespace JOIN pg_publication p ON p.oid = pnpubid WHERE pnnspid IN ${within}`,
    extensions: `
      SELECT format('%I %s in %s', extname, extversion, extnamespace::regnamespace) FROM pg_extension
        WHERE ${schemas ? `extnamespace IN ${within}` : 'true'}`,
  }
}

/** Queries for objects that belong to no schema, and for the server. No result contains the name of the database. */
export const databaseQueries: Record<string, string> = {
  publications: `SELECT format('%I: %s', pubname, to_jsonb(p) - '{oid,pubowner,pubname}'::text[]) FROM pg_publication p`,
  'event triggers': `SELECT format('%I: %s', evtname, jsonb_build_object('event', evtevent, 'function', evtfoid::regproc, 'enabled', evtenabled, 'tags', evttags)) FROM pg_event_trigger`,
  casts: `SELECT format('%s to %s: %s', castsource::regtype, casttarget::regtype, jsonb_build_object('function', castfunc::regproc, 'context', castcontext, 'method', castmethod))
    FROM pg_cast c WHERE oid >= 16384 AND ${own('pg_cast', 'c.oid')}`,
  'large objects': `SELECT format('%s: %s', oid, md5(lo_get(oid))) FROM pg_largeobject_metadata`,
  database: `
    SELECT format('%s: %s, comment %s', datdba::regrole, to_jsonb(d) - '{oid,datname,datdba,datacl,datfrozenxid,datminmxid,datlastsysoid,dattablespace}'::text[], shobj_description(oid, 'pg_database'))
      FROM pg_database d WHERE datname = current_database()
    UNION ALL SELECT ${grant} FROM pg_database, LATERAL (${explode(`coalesce(datacl, acldefault('d', datdba))`)}) AS grants WHERE datname = current_database()`,
  roles: `
    SELECT format('%I: %s, password %s, comment %s', rolname, to_jsonb(r) - '{oid,rolname,rolpassword}'::text[], md5(rolpassword), shobj_description(oid, 'pg_authid'))
      FROM pg_authid r WHERE rolname !~ '^pg_'
    UNION ALL SELECT format('%s in %s by %s: %s', member::regrole, roleid::regrole, grantor::regrole, to_jsonb(m) - '{oid,roleid,member,grantor}'::text[])
      FROM pg_auth_members m
    UNION ALL SELECT format('settings of %s%s: %s', CASE setrole WHEN 0 THEN 'everybody' ELSE setrole::regrole::text END, CASE setdatabase WHEN 0 THEN '' ELSE ' here' END, setconfig)
      FROM pg_db_role_setting s WHERE setdatabase = 0 OR setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())`,
}

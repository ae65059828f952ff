#!/bin/sh
# Restores schemas of a PostgreSQL database in one transaction. See `restore.sh --help`.
#
# aquastream runs this script with --stream where the client tools of the server are.
# POSIX sh. Requires psql and gzip (for other archives zstd or pg_restore); when run manually, also awk, base64, od and
# sha256sum.
set -eu
umask 077
# No process may be killed by SIGPIPE, and no here-document may be longer than 4096 bytes: see backup.sh.
trap '' PIPE

usage() {
	cat <<'HELP'
usage: restore.sh SCHEMA ARCHIVE

Replaces SCHEMA with the content of ARCHIVE, in one transaction. First verifies the archive: its checksum in
SHA256SUMS in the same directory, and that the dump is complete. Foreign keys, triggers and publications of other
schemas that depend on the schema are recreated. If other objects depend on it (a view, a function, a column
type), the restore is refused, and the message names them. Row counts are compared with manifest.json. If a step
fails, the schema is left unchanged. Without SHA256SUMS or manifest.json, these comparisons are skipped.

  PGHOST=db.example.com PGUSER=aquastream PGDATABASE=aquastream \
    restore.sh user /srv/backups/prod/20261123T020000Z/user_20261123T020000Z.sql.gz

ARCHIVE was written by backup.sh, aquastream or pg_dump: .sql, .sql.gz, .sql.zst or a dump in custom format. The
connection is configured as for psql: PGHOST, PGPORT, PGUSER, PGDATABASE, and the password in PGPASSWORD or
~/.pgpass. LOCK_TIMEOUT is the number of seconds to wait for locked tables [default: 10].

This script does not take a safety backup of the current schema. Take one first:

  backup.sh --dir /srv/backups/before-restore user

To view the content of an archive:

  gunzip -c user_20261123T020000Z.sql.gz | less
  pg_restore --list user_20261123T020000Z.dump

To load it into another database, without this script:

  gunzip -c user_20261123T020000Z.sql.gz | psql -X -1 -v ON_ERROR_STOP=1 -d another_database

exit status: 0 done, 2 invalid usage, 3 a program is missing, 4 the connection was lost during COMMIT: the schema is
             either restored or unchanged, 6 restore failed and nothing was changed, 7 archive damaged, 8 another
             backup or restore is running, 130 and 143 interrupted
HELP
}

# In the container of the stack, the variables of the image are used.
export PGUSER="${PGUSER:-${POSTGRES_USER:-$(id -un)}}"
export PGDATABASE="${PGDATABASE:-${POSTGRES_DB:-$PGUSER}}"
export PGAPPNAME="${PGAPPNAME:-aquastream restore.sh}"
export PGCLIENTENCODING=UTF8
export PGCONNECT_TIMEOUT="${PGCONNECT_TIMEOUT:-15}"
# A role or database can have timeouts. A backend that waits for a lock exits when its client is gone. For jit, see backup.sh.
readonly settings="statement_timeout=0 lock_timeout=${LOCK_TIMEOUT:-60}s idle_in_transaction_session_timeout=0 idle_session_timeout=0 default_transaction_read_only=off standard_conforming_strings=on client_connection_check_interval=1s row_security=off jit=off search_path= client_min_messages=warning"
# shellcheck disable=SC2086
PGOPTIONS="${PGOPTIONS:-}$(printf ' -c %s' $settings)"
export PGOPTIONS

# The same advisory lock as in backup.sh.
readonly lock='1095849281, 1'
# The last comment of a complete plain dump.
readonly trailer='-- PostgreSQL database dump complete'

# The VERBOSITY of psql. With `verbose`, errors include the SQLSTATE; their text is in the language of the server.
verbosity=default

sql() { psql -XAtqw -v VERBOSITY="$verbosity" "$@"; }

# settings_sql BEGIN: prints SQL that begins a transaction and sets its settings, because a connection pooler can ignore
# PGOPTIONS. The settings end with the transaction. psql sends the statements separated by `\;` in one request, so no timeout
# can occur between them. transaction_timeout would end a long transaction; versions before 17 do not have it.
settings_sql() {
	printf '%s \\; SELECT ' "$1"
	for setting in $settings; do
		printf "set_config('%s', '%s', true), " "${setting%%=*}" "${setting#*=}"
	done
	printf "(SELECT set_config(name, '0', true) FROM pg_settings WHERE name = 'transaction_timeout') \\g /dev/null\n"
}

# --- The transaction -------------------------------------------------------------------

# Common table expressions that find the dependents of the schemas. `placed` maps objects to their schemas.
outside_sql() {
	cat <<'SQL'
target AS (
	SELECT n.oid FROM pg_namespace n
	WHERE n.nspname IN (SELECT json_array_elements_text(current_setting('aquastream.schemas')::json))
), placed (classid, objid, nsp) AS (
	SELECT 'pg_namespace'::regclass::oid, oid, oid FROM pg_namespace
	UNION ALL SELECT 'pg_class'::regclass, oid, relnamespace FROM pg_class
	UNION ALL SELECT 'pg_type'::regclass, oid, typnamespace FROM pg_type
	UNION ALL SELECT 'pg_proc'::regclass, oid, pronamespace FROM pg_proc
	UNION ALL SELECT 'pg_operator'::regclass, oid, oprnamespace FROM pg_operator
	UNION ALL SELECT 'pg_opclass'::regclass, oid, opcnamespace FROM pg_opclass
	UNION ALL SELECT 'pg_opfamily'::regclass, oid, opfnamespace FROM pg_opfamily
	UNION ALL SELECT 'pg_amop'::regclass, a.oid, opfnamespace FROM pg_amop a JOIN pg_opfamily f ON f.oid = amopfamily
	UNION ALL SELECT 'pg_amproc'::regclass, a.oid, opfnamespace FROM pg_amproc a JOIN pg_opfamily f ON f.oid = amprocfamily
	UNION ALL SELECT 'pg_collation'::regclass, oid, collnamespace FROM pg_collation
	UNION ALL SELECT 'pg_conversion'::regclass, oid, connamespace FROM pg_conversion
	UNION ALL SELECT 'pg_ts_config'::regclass, oid, cfgnamespace FROM pg_ts_config
	UNION ALL SELECT 'pg_ts_dict'::regclass, oid, dictnamespace FROM pg_ts_dict
	UNION ALL SELECT 'pg_ts_parser'::regclass, oid, prsnamespace FROM pg_ts_parser
	UNION ALL SELECT 'pg_ts_template'::regclass, oid, tmplnamespace FROM pg_ts_template
	UNION ALL SELECT 'pg_statistic_ext'::regclass, oid, stxnamespace FROM pg_statistic_ext
	UNION ALL SELECT 'pg_extension'::regclass, oid, extnamespace FROM pg_extension
	UNION ALL SELECT 'pg_default_acl'::regclass, oid, defaclnamespace FROM pg_default_acl
	UNION ALL SELECT 'pg_constraint'::regclass, oid, connamespace FROM pg_constraint
	UNION ALL SELECT 'pg_attrdef'::regclass, d.oid, relnamespace FROM pg_attrdef d JOIN pg_class c ON c.oid = adrelid
	UNION ALL SELECT 'pg_rewrite'::regclass, r.oid, relnamespace FROM pg_rewrite r JOIN pg_class c ON c.oid = ev_class
	UNION ALL SELECT 'pg_trigger'::regclass, t.oid, relnamespace FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid
	UNION ALL SELECT 'pg_policy'::regclass, p.oid, relnamespace FROM pg_policy p JOIN pg_class c ON c.oid = polrelid
SQL
	cat <<'SQL'
), extension_members AS (
	-- Casts and some other objects have no schema; members of an extension are dropped and created with it.
	SELECT d.classid, d.objid, p.nsp FROM pg_depend d
	JOIN placed p ON (p.classid, p.objid) = (d.refclassid, d.refobjid) WHERE deptype = 'e'
), dependents AS (
	SELECT DISTINCT d.classid, d.objid, d.objsubid
	FROM pg_depend d
	JOIN placed inside ON (inside.classid, inside.objid) = (d.refclassid, d.refobjid)
	LEFT JOIN placed outside ON (outside.classid, outside.objid) = (d.classid, d.objid)
	WHERE inside.nsp IN (SELECT oid FROM target) AND d.deptype <> 'e'
		-- The cast of a range to its multirange has no schema, and is created with the range.
		AND CASE WHEN outside.nsp IS NULL THEN d.deptype <> 'i' ELSE outside.nsp NOT IN (SELECT oid FROM target) END
		AND (d.classid, d.objid) NOT IN (SELECT classid, objid FROM extension_members WHERE nsp IN (SELECT oid FROM target))
		AND coalesce(outside.nsp::regnamespace::text, '') !~ '^pg_(toast|temp)'
), relations AS (
	SELECT oid FROM pg_class WHERE relnamespace IN (SELECT oid FROM target)
), locked AS (
	-- The tables that the transaction changes. DROP SCHEMA drops the triggers of a foreign key on both of its tables.
	SELECT oid, relnamespace FROM pg_class
	WHERE relkind IN ('r', 'p') AND (relnamespace IN (SELECT oid FROM target)
		OR oid IN (SELECT unnest(ARRAY[conrelid, confrelid]) FROM pg_constraint WHERE contype = 'f'
			AND (conrelid IN (SELECT oid FROM relations) OR confrelid IN (SELECT oid FROM relations)))
		OR oid IN (SELECT tgrelid FROM pg_trigger t JOIN pg_proc p ON p.oid = tgfoid
			WHERE NOT tgisinternal AND pronamespace IN (SELECT oid FROM target)))
), foreign_keys AS (
	-- Foreign keys of a partition are dropped and created with those of its partitioned table.
	SELECT c.oid, conrelid, conname, pg_get_constraintdef(c.oid) AS definition, obj_description(c.oid, 'pg_constraint') AS comment,
		(SELECT min(tgenabled::text) FROM pg_trigger WHERE tgconstraint = c.oid AND tgrelid = conrelid) AS enabled
	FROM pg_constraint c JOIN dependents h ON (h.classid, h.objid) = ('pg_constraint'::regclass, c.oid)
	WHERE contype = 'f' AND conparentid = 0 AND confrelid IN (SELECT oid FROM relations)
), triggers AS (
	-- Triggers that call a function of the schema. Triggers of a partition are created with those of its partitioned table.
	SELECT tgname, tgrelid, pg_get_triggerdef(t.oid) AS definition, obj_description(t.oid, 'pg_trigger') AS comment,
		CASE tgenabled WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA' WHEN 'A' THEN 'ENABLE ALWAYS' END AS mode
	FROM pg_trigger t JOIN dependents h ON (h.classid, h.objid) = ('pg_trigger'::regclass, t.oid)
	WHERE NOT tgisinternal AND tgparentid = 0
SQL
	cat <<'SQL'
), partition_triggers AS (
	-- Created with the trigger of the partitioned table, in its state.
	SELECT t.tgname, t.tgrelid, t.tgenabled
	FROM pg_trigger t JOIN pg_trigger p ON p.oid = t.tgparentid
	JOIN dependents h ON (h.classid, h.objid) = ('pg_trigger'::regclass, t.oid)
	WHERE NOT t.tgisinternal AND t.tgenabled <> p.tgenabled
), modes (enabled, mode) AS (
	VALUES ('O', 'ENABLE'), ('D', 'DISABLE'), ('R', 'ENABLE REPLICA'), ('A', 'ENABLE ALWAYS')
), memberships AS (
	SELECT format('ALTER PUBLICATION %I ADD TABLE %s%s%s', pubname, prrelid::regclass,
		' (' || (SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
			WHERE attrelid = prrelid AND attnum = ANY (prattrs)) || ')',
		' WHERE (' || pg_get_expr(prqual, prrelid) || ')') AS definition,
		format('publication %I of table %s', pubname, prrelid::regclass) AS name
	FROM pg_publication_rel r JOIN pg_publication p ON p.oid = prpubid
	JOIN pg_class c ON c.oid = prrelid WHERE relnamespace IN (SELECT oid FROM target)
	UNION ALL
	SELECT format('ALTER PUBLICATION %I ADD TABLES IN SCHEMA %s', pubname, pnnspid::regnamespace),
		format('publication %I of schema %s', pubname, pnnspid::regnamespace)
	FROM pg_publication_namespace r JOIN pg_publication p ON p.oid = pnpubid WHERE pnnspid IN (SELECT oid FROM target)
), refusals AS (
	SELECT DISTINCT CASE WHEN h.classid = 'pg_rewrite'::regclass
		AND (SELECT rulename = '_RETURN' FROM pg_rewrite WHERE oid = objid)
		THEN (SELECT pg_describe_object('pg_class'::regclass, ev_class, 0) FROM pg_rewrite WHERE oid = objid)
		ELSE pg_describe_object(classid, objid, objsubid) END AS name
	FROM dependents h
	WHERE NOT (classid = 'pg_constraint'::regclass AND objid IN (SELECT oid FROM pg_constraint WHERE contype = 'f'))
		AND classid NOT IN ('pg_trigger'::regclass, 'pg_publication_rel'::regclass, 'pg_publication_namespace'::regclass)
	UNION
	-- A subscription would not know the new table, and cannot be refreshed within a transaction.
	SELECT format('subscription %I of table %s', subname, c.oid::regclass)
	FROM pg_subscription_rel r JOIN pg_subscription s ON s.oid = srsubid JOIN pg_class c ON c.oid = srrelid
	WHERE relnamespace IN (SELECT oid FROM target)
)
SQL
}

# The errors of this script have SQLSTATEs of the class QS: the SQL standard leaves the classes that begin with I to Z
# to implementations, and PostgreSQL has none that begins with Q.

# Starts the transaction and locks the tables of the schemas against writing.
lock_sql() {
	settings_sql BEGIN
	printf '%s\n' "$before"
	cat <<'SQL'
SELECT set_config('aquastream.schemas', :'schemas', true);
SET LOCAL lock_timeout = :'lock_timeout';
SELECT pg_current_xact_id() AS xid \gset
\echo aquastream xid :xid
SELECT set_config('aquastream.xid', :'xid', true);
-- psql would also substitute its variables in the archive, for example in a[1:xid].
\unset xid
\unset schemas
\unset lock_timeout
\unset free
DO $$
DECLARE
	names text;
	oids oid[];
BEGIN
	SELECT string_agg(c.oid::regclass::text, ', ' ORDER BY c.oid), array_agg(c.oid) INTO names, oids
	FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
	WHERE relkind IN ('r', 'p')
		AND nspname IN (SELECT json_array_elements_text(current_setting('aquastream.schemas')::json));
	PERFORM set_config('aquastream.tables', coalesce(oids, '{}')::text, true);
	-- This mode lets readers and the foreign keys of other schemas go on. A transaction that has written one table and
	-- waits for another is a deadlock: an attempt that fails releases all tables, so that it can finish.
	FOR attempt IN 1..20 LOOP
		EXIT WHEN names IS NULL;
		BEGIN
			EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', names);
			EXIT;
		EXCEPTION WHEN deadlock_detected THEN
			IF attempt = 20 THEN RAISE; END IF;
		END;
	END LOOP;
END $$;
\echo aquastream locked
SQL
}

# Locks the tables against reading too, records the statements that recreate the dependents, and drops the schemas.
drop_sql() { # drop_sql MANIFEST: the manifest in base64
	printf '%s\n' "SELECT set_config('aquastream.manifest', convert_from(decode('$1', 'base64'), 'UTF8'), true);"
	cat <<'SQL'
-- The planner underestimates the joins of catalogs below.
SET LOCAL enable_nestloop = off;
CREATE TEMPORARY TABLE aquastream_afterwards (step serial, statement text) ON COMMIT DROP;
DO $$
DECLARE
	item record;
BEGIN
	-- First lock all tables that the transaction will change, so that no other session can change them in between. A user who
	-- only refers to a table may not lock it; DROP SCHEMA does.
	FOR item IN WITH
SQL
	outside_sql
	cat <<'SQL'
		SELECT oid::regclass AS name FROM locked WHERE has_table_privilege(oid, 'UPDATE, DELETE, TRUNCATE') ORDER BY oid
	LOOP
		EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', item.name);
	END LOOP;
	FOR item IN SELECT c.oid::regclass AS name FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
		WHERE relkind IN ('r', 'p')
			AND nspname IN (SELECT json_array_elements_text(current_setting('aquastream.schemas')::json))
			AND c.oid <> ALL (current_setting('aquastream.tables')::oid[])
	LOOP
		RAISE EXCEPTION 'the table % was created after the tables were locked', item.name USING ERRCODE = 'QS006';
	END LOOP;
END $$;
DO $$
DECLARE
	found text;
BEGIN
	WITH
SQL
	outside_sql
	cat <<'SQL'
	SELECT string_agg(name, ', ' ORDER BY name) INTO found FROM refusals;
	IF found IS NOT NULL THEN
		RAISE EXCEPTION 'other schemas depend on % and would lose: %', (SELECT string_agg(value::text, ', ')
			FROM json_array_elements(current_setting('aquastream.schemas')::json)), found USING ERRCODE = 'QS001';
	END IF;
END $$;
INSERT INTO pg_temp.aquastream_afterwards (statement) WITH
SQL
	outside_sql
	cat <<'SQL'
SELECT statement FROM (
	SELECT 1 AS rank, format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, definition) AS statement
	FROM foreign_keys
	UNION ALL
	SELECT 2, format('COMMENT ON CONSTRAINT %I ON %s IS %L', conname, conrelid::regclass, comment)
	FROM foreign_keys WHERE comment IS NOT NULL
	UNION ALL
	SELECT 3, definition FROM triggers
	UNION ALL
	SELECT 4, format('ALTER TABLE %s %s TRIGGER %I', tgrelid::regclass, mode, tgname) FROM triggers WHERE mode IS NOT NULL
	UNION ALL
	SELECT 4.5, format('ALTER TABLE %s %s TRIGGER %I', tgrelid::regclass, mode, tgname)
	FROM partition_triggers JOIN modes ON enabled = tgenabled::text
	UNION ALL
	-- The triggers of a foreign key have other names when it is created again.
	SELECT 4, format('DO $do$DECLARE name name; BEGIN
		FOR name IN SELECT tgname FROM pg_trigger JOIN pg_constraint c ON c.oid = tgconstraint
			WHERE conname = %L AND conrelid = %L::regclass AND tgrelid = conrelid
		LOOP EXECUTE format(''ALTER TABLE %%s %s TRIGGER %%I'', %L, name); END LOOP; END$do$',
		conname, conrelid::regclass, mode, conrelid::regclass)
	FROM foreign_keys JOIN modes USING (enabled) WHERE enabled <> 'O'
	UNION ALL
	SELECT 5, format('COMMENT ON TRIGGER %I ON %s IS %L', tgname, tgrelid::regclass, comment) FROM triggers WHERE comment IS NOT NULL
	UNION ALL
	SELECT 6, definition FROM memberships
	UNION ALL
	-- A dump contains statistics objects with their table, not with their own schema.
	SELECT 7, pg_get_statisticsobjdef(s.oid) FROM pg_statistic_ext s JOIN pg_class c ON c.oid = stxrelid
	WHERE stxnamespace IN (SELECT oid FROM target) AND relnamespace NOT IN (SELECT oid FROM target)
) s ORDER BY rank, statement;
SQL
	cat <<'SQL'
DO $$
DECLARE
	item record;
	given record;
	opens bool := current_setting('aquastream.schemas')::jsonb = '["public"]' AND NOT EXISTS (
		SELECT FROM jsonb_array_elements(nullif(current_setting('aquastream.manifest'), '')::jsonb->'archives') a
		WHERE a @> '{"schema": "public", "publicUsageRevoked": true}');
BEGIN
	-- PUBLIC has USAGE on the schema public by default, and a dump does not contain this grant. The manifest records
	-- whether it was revoked.
	IF opens THEN
		INSERT INTO pg_temp.aquastream_afterwards (statement)
		VALUES ('ALTER DEFAULT PRIVILEGES REVOKE USAGE ON SCHEMAS FROM PUBLIC');
	END IF;
	-- The default privileges of the role would be added to the grants in the dump: use the built-in defaults until
	-- the end of the transaction.
	FOR item IN
		SELECT defaclacl, acldefault(CASE defaclobjtype WHEN 'S' THEN 's' ELSE defaclobjtype END, defaclrole) AS builtin,
			CASE defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES' WHEN 'f' THEN 'FUNCTIONS'
				WHEN 'T' THEN 'TYPES' WHEN 'n' THEN 'SCHEMAS' END AS kind
		FROM pg_default_acl WHERE defaclnamespace = 0 AND defaclrole = (SELECT oid FROM pg_roles WHERE rolname = current_user)
			AND defaclobjtype IN ('r', 'S', 'f', 'T', 'n')
	LOOP
		FOR given IN SELECT DISTINCT grantee FROM aclexplode(item.defaclacl) LOOP
			EXECUTE format('ALTER DEFAULT PRIVILEGES REVOKE ALL ON %s FROM %s', item.kind,
				CASE given.grantee WHEN 0 THEN 'PUBLIC' ELSE given.grantee::regrole::text END);
		END LOOP;
		FOR given IN SELECT * FROM aclexplode(item.builtin) LOOP
			EXECUTE format('ALTER DEFAULT PRIVILEGES GRANT %s ON %s TO %s', given.privilege_type, item.kind,
				CASE given.grantee WHEN 0 THEN 'PUBLIC' ELSE given.grantee::regrole::text END);
			INSERT INTO pg_temp.aquastream_afterwards (statement)
			VALUES (format('ALTER DEFAULT PRIVILEGES REVOKE %s ON %s FROM %s', given.privilege_type, item.kind,
				CASE given.grantee WHEN 0 THEN 'PUBLIC' ELSE given.grantee::regrole::text END));
		END LOOP;
		INSERT INTO pg_temp.aquastream_afterwards (statement)
		SELECT format('ALTER DEFAULT PRIVILEGES GRANT %s ON %s TO %s%s', privilege_type, item.kind,
			CASE grantee WHEN 0 THEN 'PUBLIC' ELSE grantee::regrole::text END,
			CASE WHEN is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
		FROM aclexplode(item.defaclacl);
	END LOOP;
	IF opens THEN
		ALTER DEFAULT PRIVILEGES GRANT USAGE ON SCHEMAS TO PUBLIC;
	END IF;
	-- DROP SCHEMA would wait for a transaction that creates an object, and drop this object after its commit.
	IF EXISTS (
		SELECT FROM pg_locks l JOIN pg_namespace n ON n.oid = objid
		WHERE locktype = 'object' AND classid = 'pg_namespace'::regclass AND pid <> pg_backend_pid()
			AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
			AND nspname IN (SELECT json_array_elements_text(current_setting('aquastream.schemas')::json)))
	THEN
		RAISE EXCEPTION 'another session is creating an object in the schemas' USING ERRCODE = 'QS006';
	END IF;
	FOR item IN SELECT json_array_elements_text(current_setting('aquastream.schemas')::json) AS name LOOP
		EXECUTE format('DROP SCHEMA IF EXISTS %I CASCADE', item.name);
	END LOOP;
END $$;
RESET enable_nestloop;
-- More memory for indexes and foreign keys, until the end of the transaction: at most 256 MB, and not more than twice what the
-- server shares, because its container may have little.
SELECT set_config('maintenance_work_mem', greatest(pg_size_bytes(current_setting('maintenance_work_mem')),
	least(268435456, 2 * pg_size_bytes(current_setting('shared_buffers')))) / 1024 || 'kB', true);
SQL
}

# Sent only after the archive was verified completely. Other sessions see no change before the COMMIT.
end_sql() {
	cat <<'SQL'
DO $$
DECLARE
	item record;
	rows bigint;
BEGIN
	IF pg_current_xact_id()::text <> current_setting('aquastream.xid') THEN
		RAISE EXCEPTION 'a command in the archive ended the transaction' USING ERRCODE = 'QS002';
	END IF;
	IF current_setting('aquastream.complete', true) IS DISTINCT FROM 'yes' THEN
		RAISE EXCEPTION 'the end of the archive is missing' USING ERRCODE = 'QS003';
	END IF;
	FOR item IN SELECT json_array_elements_text(current_setting('aquastream.schemas')::json) AS name LOOP
		IF NOT EXISTS (SELECT FROM pg_namespace WHERE nspname = item.name) THEN
			RAISE EXCEPTION 'the archive does not contain the schema %', item.name USING ERRCODE = 'QS004';
		END IF;
	END LOOP;
	FOR item IN SELECT statement FROM pg_temp.aquastream_afterwards ORDER BY step LOOP
		EXECUTE item.statement;
	END LOOP;
	IF current_setting('aquastream.manifest') <> '' THEN
		FOR item IN
			SELECT a->>'schema' AS schema, t->>'name' AS name, (t->>'rows')::bigint AS rows
			FROM jsonb_array_elements(current_setting('aquastream.manifest')::jsonb->'archives') a,
				jsonb_array_elements(a->'tables') t
			WHERE a->>'schema' IN (SELECT json_array_elements_text(current_setting('aquastream.schemas')::json))
		LOOP
			EXECUTE format('SELECT count(*) FROM ONLY %I.%I', item.schema, item.name) INTO rows;
			IF rows <> item.rows THEN
				RAISE EXCEPTION 'table %.% has % rows, but % were backed up', item.schema, item.name, rows, item.rows
					USING ERRCODE = 'QS005';
			END IF;
		END LOOP;
	END IF;
END $$;
\echo aquastream commits
COMMIT;
\echo aquastream committed
SQL
}

# Analyzes every second table in the order of size, so that two calls in parallel take about the same time.
analyze_sql() { # analyze_sql 0|1
	cat <<SQL
SELECT format('ANALYZE %s', name) FROM (
	SELECT c.oid::regclass AS name, row_number() OVER (ORDER BY pg_relation_size(c.oid) DESC, c.oid) AS number
	FROM pg_class c WHERE relkind IN ('r', 'p', 'm') AND relnamespace IN (SELECT n.oid FROM pg_namespace n
		WHERE nspname IN (SELECT json_array_elements_text(:'schemas'::json)))) tables
WHERE number % 2 = $1 ORDER BY number \gexec
SQL
}

# unpack FORMAT: converts an archive to SQL; fails if the compressed data is truncated
unpack() {
	case $1 in
	# Not igzip: it ignores what follows the last member, and gzip reports that.
	gzip) gzip -dc ;;
	zstd) zstd -dc ;;
	custom) pg_restore --file=- ;;
	plain) cat ;;
	esac
}

# SQL that runs first in the transaction.
before=

# replay JSON: reads the manifest, in base64, from the first line of stdin, and replays the SQL that follows. Prints
# `aquastream locked` when the tables are locked, before it reads, and `aquastream committed` after the COMMIT.
replay() {
	# Between these, psql rejects its own commands. Versions before 15.14, 16.10 and 17.6 do not have them.
	key=
	if psql --help=commands | grep -q '\\restrict'; then
		key=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
	fi
	{
		lock_sql
		# `read` does not read beyond the line.
		IFS= read -r manifest ||
			printf '%s\n' "DO 'BEGIN RAISE EXCEPTION ''the archive is missing'' USING ERRCODE = ''QS003''; END';"
		drop_sql "$manifest"
		[ -z "$key" ] || printf '\\restrict %s\n' "$key"
		cat
		[ -z "$key" ] || printf '\\unrestrict %s\n' "$key"
		end_sql
		# When psql has exited, its own message is the cause, not the broken pipe.
	} 2>/dev/null | {
		sql -o /dev/null -v ON_ERROR_STOP=1 -v SHOW_CONTEXT=never -v schemas="$1" -v lock_timeout="${LOCK_TIMEOUT:-10}s" &&
			status=0 || status=$?
		# The sender of the archive could be waiting for psql.
		echo aquastream ended
		exit "$status"
	} || return
	for half in 0 1; do
		analyze_sql $half | sql -o /dev/null -v schemas="$1" &
	done
	wait
}

# plan JSON: prints the dependents of the schemas, as one line of JSON
plan() {
	{
		settings_sql 'BEGIN READ ONLY'
		printf '%s\n' "SELECT set_config('aquastream.schemas', :'schemas', true) \\g /dev/null" \
			'SET LOCAL enable_nestloop = off;' WITH
		outside_sql
		cat <<'SQL'
SELECT json_build_object(
	'foreignKeys', (SELECT coalesce(json_agg(format('%s of %s', conname, conrelid::regclass) ORDER BY conrelid, conname), '[]') FROM foreign_keys),
	'triggers', (SELECT coalesce(json_agg(format('%s of %s', tgname, tgrelid::regclass) ORDER BY tgrelid, tgname), '[]') FROM triggers),
	'publications', (SELECT coalesce(json_agg(name ORDER BY name), '[]') FROM memberships),
	'lockedTables', (SELECT coalesce(json_agg(oid::regclass ORDER BY oid::regclass::text), '[]') FROM locked
		WHERE relnamespace NOT IN (SELECT oid FROM target)),
	'refusals', (SELECT coalesce(json_agg(name ORDER BY name), '[]') FROM refusals));
SQL
	} | sql -v ON_ERROR_STOP=1 -v schemas="$1"
}

# --- Run manually ----------------------------------------------------------------------

fail() { # fail STATUS SENTENCE HINT
	printf 'error: %s\nhint: %s\n' "$2" "$3" >&2
	exit "$1"
}

format_of() {
	case $(head -c 5 "$1" | od -An -tx1 | tr -d ' \n') in
	1f8b*) echo gzip ;;
	28b52ffd*) echo zstd ;;
	5047444d50) echo custom ;;
	*) echo plain ;;
	esac
}

# refuse_form ARCHIVE: exits if the archive is empty, or not SQL but a known form of another file
refuse_form() {
	[ -s "$1" ] || fail 7 "$1 is damaged: the file is empty" 'nothing was changed; choose another backup'
	convert=
	case $(head -c 7 "$1" | od -An -tx1 | tr -d ' \n') in
	fd377a585a*) convert='xz -dc' ;;
	425a68*) convert='bzip2 -dc' ;;
	504b0304*) convert='unzip -p' ;;
	fffe* | feff*) fail 7 "$1 is damaged: it is UTF-16 text, which pg_dump does not write" 'create the dump again with pg_dump --file' ;;
	# The last byte is N of the version 1.N of the custom format; version 16 and 17 of pg_dump began new ones.
	5047444d50010f) newer 16 "$1" ;;
	5047444d500110) newer 17 "$1" ;;
	*) [ "$(head -c 262 "$1" | tail -c 5 | tr -d '\000')" != ustar ] || convert='pg_restore --file -' ;;
	esac
	[ -z "$convert" ] || fail 2 "$1 is not an SQL dump" "convert it, then restore the result: $convert $1 > dump.sql"
}

newer() { # newer MAJOR ARCHIVE
	[ "$(pg_restore --version | sed 's/^[^0-9]*//; s/[^0-9].*//')" -ge "$1" ] ||
		fail 3 "$2 was made by pg_dump $1 or newer, but the installed pg_restore is older" "install client tools of version $1 or newer"
}

# Scans an archive before psql reads it: passes on a dump of one schema, and rejects an archive that contains anything else,
# such as a psql command, the end of the transaction, or an object of another schema. src/backup/archive implements the same
# checks (scan, lexer, statement, allowed-statements); the comments there give the reasons. `@` stands for the schema.
scan_dump() { # scan_dump SCHEMA < SQL
	# For psql, a zero byte ends the line. It is replaced by a byte that is invalid in UTF-8 as well.
	LC_ALL=C tr '\000' '\377' | SCHEMA=$1 LC_ALL=C awk -v trailer="$trailer" '
function reject(why) {
	printf "line %d contains %s\n", NR, why >"/dev/stderr"
	rejected = 1
	exit 1
}
function count(word, head) {
	if (++number <= 4) words = words word " "
	if (depth > 0 || words !~ /^create (or replace )?(function|procedure) /) return
	if (word == "begin") {
		if (nesting > 0) reject("the word BEGIN outside of BEGIN ATOMIC")
		nesting = 1
		expected = "atomic"
	} else if (word == "case" && nesting > 0) nesting++
	else if (word == "end" && nesting > 0) {
		nesting--
		if (head != (nesting == 0)) reject("the word END in an unexpected place")
	}
}
function token(kind, text,   head) {
	if (kind == "sign" && text == ";") { finish(); return }
	if (copies) reject("a command after COPY ... FROM stdin")
	started = 1
	if (expected == "atomic" && !(kind == "word" && text == "atomic")) reject("the word BEGIN outside of BEGIN ATOMIC")
	head = expected == "head"
	if (head && (kind == "name" || kind == "text" || !index(heads, " " text " ")))
		reject("the command " text " in the body of a function")
	expected = expected == "atomic" ? "head" : ""
	if (kind == "word") count(text, head)
	if (depth > 1 || depth == 1 && statement !~ /^select /) return
	if (length(statement) > 1000000) reject("a command of more than a million characters")
	if (kind == "name") gsub(/""/, "\"", text)
	if ((kind == "word" || kind == "name") && text == ENVIRON["SCHEMA"]) text = "@"
	else if (kind == "name" || kind == "text") { gsub(/[ \n]/, "_", text); text = (kind == "name" ? "\"" : "\047") text }
	statement = statement text " "
}
function finish() {
	if (expected == "atomic") reject("the word BEGIN outside of BEGIN ATOMIC")
	if (depth > 0 && words !~ /^create (or replace )?rule /) reject("a semicolon within parentheses")
	if (depth > 0) return
	if (nesting > 0) { expected = "head"; return }
	if (statement != "" && ended) reject("a command after the end of the dump")
	if (statement != "" && !allowed(statement)) reject("the command \"" substr(statement, 1, 60) "\", which does not belong in a dump of a single schema")
	copies = statement ~ /^copy /
	statement = words = ""
	number = started = 0
}
function ours(text) { return match(text, /[^ ]+ \. /) && substr(text, RSTART, 4) == "@ . " }
function all_ours(text,   found) {
	while (match(text, /[^ ]+ \. /)) {
		if (substr(text, RSTART, 4) != "@ . ") return 0
		found = 1
		text = substr(text, RSTART + RLENGTH)
		sub(/^[^ ]+ /, "", text)
	}
	return found
}
function object(text) {
	if (text ~ /^schema /) return text ~ /^schema @ / && text !~ / create /
	if (text ~ /^extension /) return text ~ / schema @ / || statement ~ /^comment /
	if (text ~ /^foreign / && text !~ /^foreign table /) return 0
	return text ~ /^(aggregate|collation|column|constraint|conversion|domain|foreign|function|index|materialized|operator|policy|procedure|rule|sequence|statistics|table|text|trigger|type|view) / && ours(text)
}
function after_on(text) { return sub(/^.*[^ ]* on /, "", text) ? text : "" }
function allowed(s,   rest, name) {
	name = rest = s
	sub(/ .*/, "", name)
	sub(/^[^ ]+ /, "", rest)
	if (name == "create") {
		while (sub(/^(or|replace|unlogged|unique|recursive|default) /, "", rest));
		return object(rest)
	}
	if (name == "alter") {
		if (rest ~ /^default privileges /) return rest ~ / schema @ /
		if (rest ~ /^publication /) return rest !~ / drop / && (rest ~ / schema @ $/ || all_ours(rest))
		if (rest ~ /^(table|index) .* attach /) return rest ~ / attach partition @ \. /
		if (rest ~ /^schema /) return rest ~ /^schema @ owner /
		return rest !~ /^extension / && rest !~ / set schema / && object(rest)
	}
	if (name == "comment" || name == "security") { sub(/^(label (for [^ ]+ )?)?on /, "", rest); return object(rest) }
	if (name == "grant" || name == "revoke") {
		if (rest ~ / on schema /) return rest ~ / on schema @ (to|from) /
		return rest !~ / on large / && all_ours(rest)
	}
	if (name == "copy") return rest ~ /^@ \. [^ ]+ (\( \) )?from stdin $/
	if (name == "insert") {
		if (rest !~ /^into @ \. /) return 0
		sub(/^into @ \. [^ ]+ /, "", rest)
		while (sub(/^(\(|\)|,|overriding|system|user|value|values|default|on|conflict|do|nothing) /, "", rest));
		return rest == ""
	}
	if (name == "refresh") return ours(rest)
	if (name == "select") {
		if (rest ~ /^pg_catalog \. set_config \( \047search_path , \047 , false \) $/) return 1
		if (rest ~ /^pg_catalog \. setval \( \047[^ ]+ , [0-9]+ , [a-z]+ \) $/) { sub(/^.*setval \( \047/, "", rest); return of_schema(rest) }
		return rest ~ /^\* from pg_catalog \. pg_restore_[a-z_]+_stats \( [^()]*\) $/
	}
	if (name == "reset") return rest == "session authorization "
	if (name != "set") return 0
	if (rest ~ /^session /) return rest ~ /^session authorization /
	if (rest ~ /^client_encoding /) return tolower(rest) !~ /^client_encoding [^ ]+ \047(sjis|shift|mskanji|win|big5|gb|uhc|johab)/
	if (rest ~ /^standard_conforming_strings /) return rest ~ /^[^ ]+ [^ ]+ on $/
	if (rest ~ /^search_path /) { gsub(/ (@|,|pg_catalog|\047)/, "", rest); return rest ~ /^search_path [^ ]+ *$/ }
	return rest ~ /^(bytea_output|check_function_bodies|client_min_messages|default_table_access_method|default_tablespace|default_with_oids|escape_string_warning|idle_in_transaction_session_timeout|row_security|statement_timeout|transaction_timeout|xmloption) /
}
function of_schema(text,   name) {
	if (text ~ /^"/) {
		match(text, /^"([^"]|"")*"/)
		name = substr(text, 2, RLENGTH - 2)
		gsub(/""/, "\"", name)
		text = substr(text, RLENGTH + 1)
	} else {
		match(text, /^[^.]*/)
		name = substr(text, 1, RLENGTH)
		text = substr(text, RLENGTH + 1)
	}
	schema = ENVIRON["SCHEMA"]
	gsub(/[ \n]/, "_", schema)
	return name == schema && text ~ /^\./
}
# Reads on in a string, a name or a comment; returns the length.
function read_on(line,   length_, text) {
	if (mode == "comment") {
		if (!match(line, /\/\*|\*\//)) return length(line)
		comments += substr(line, RSTART, 1) == "/" ? 1 : -1
		if (comments == 0) mode = ""
		return RSTART + 1
	}
	if (mode == "dollar") length_ = (text = index(line, tag)) ? text + length(tag) - 1 : 0
	else if (mode == "name") length_ = closing(line, "^([^\"]|\"\")*\"", "\"")
	else if (mode == "escaped") length_ = closing(line, "^([^\047\\\\]|\047\047|\\\\.)*\047", "\047")
	else length_ = closing(line, "^([^\047]|\047\047)*\047", "\047")
	if (!length_) { content = content line "\n"; return length(line) }
	content = content substr(line, 1, length_ - (mode == "dollar" ? length(tag) : 1))
	text = mode
	mode = ""
	if (text == "escaped") continues = 1
	token(text == "name" ? "name" : "text", text == "dollar" ? "" : content)
	return length_
}
# POSIX takes the longest match, so a doubled quote is never interpreted as the end.
function closing(line, pattern, quote) {
	return match(line, pattern) && substr(line, RLENGTH + 1, 1) != quote ? RLENGTH : 0
}
function open(kind) { mode = kind; content = ""; comments = 1 }
# Reads the next token; returns its length.
function read_token(line,   text, next_, was) {
	if (match(line, /^[ \t\r\f]+/)) {
		if (continues == 1 && index(substr(line, 1, RLENGTH), "\r")) continues = 2
		return RLENGTH
	}
	if (match(line, /^--[^\r]*/)) return RLENGTH
	was = continues
	continues = 0
	if (line ~ /^\/\*/) { open("comment"); return 2 }
	if (line ~ /^\047/) { open(was == 2 ? "escaped" : "text"); return 1 }
	if (line ~ /^"/) { open("name"); return 1 }
	if (match(line, /^\$([A-Za-z_\200-\377][A-Za-z0-9_\200-\377]*)?\$/)) { tag = substr(line, 1, RLENGTH); open("dollar"); return RLENGTH }
	if (match(line, /^([A-Za-z_\200-\377][A-Za-z0-9_$\200-\377]*|[0-9][A-Za-z0-9_.]*|\.[0-9][A-Za-z0-9_]*)/)) {
		next_ = RLENGTH
		text = tolower(substr(line, 1, next_))
		if (text == "u" && substr(line, 2, 2) == "&\047") { open("text"); return 3 }
		if (text == "u" && substr(line, 2, 2) == "&\"") { open("name"); return 3 }
		if (substr(line, next_ + 1, 1) == "\047") {
			if (text !~ /^[ebxn]$/) reject("a quote right after " text)
			open(text == "e" ? "escaped" : "text")
			return 2
		}
		token("word", text)
		return next_
	}
	text = substr(line, 1, 1)
	if (text == "\\") { sub(/[ \t].*/, "", line); reject("the psql command " line) }
	if (text == "\v" || line ~ /^:::/) reject("a control character or three colons")
	if (text == ")" && depth > 0) depth--
	token("sign", text)
	if (text == "(") depth++
	return 1
}
BEGIN { heads = " select insert update delete merge return values with table ( end " }
copying { print; if ($0 == "\\." || $0 == "\\.\r") copying = 0; next }
# A byte order mark, which some editors add.
NR == 1 { sub(/^\357\273\277/, "") }
mode == "" && !started {
	if ($0 ~ /^(\\(un)?restrict [A-Za-z0-9]+|SET lock_timeout = 0;)\r?$/) next
	if ($0 ~ /^-- PostgreSQL database dump\r?$/) begun = 1
	if ($0 == trailer || $0 == trailer "\r") ended = 1
}
{
	line = $0
	out = previous = ""
	if (continues == 1) continues = 2
	while (line != "") {
		was = mode
		size = mode == "" ? read_token(line) : read_on(line)
		piece = substr(line, 1, size)
		line = substr(line, size + 1)
		if (was == "" && piece == ":" && previous != ":" && line ~ /^[A-Za-z0-9_\047"{\200-\377]/) piece = ": "
		previous = piece
		out = out piece
	}
	if (mode != "" && mode != "comment" && $0 == "") content = content "\n"
	pending = pending out "\n"
	if (copies) { copies = 0; copying = 1 }
	if (mode == "" && !started) { printf "%s", pending; pending = "" }
}
END {
	if (rejected) exit 1
	if (!begun || !ended || copying || mode != "" || started) { print "the dump is truncated, or was not written by pg_dump" >"/dev/stderr"; exit 1 }
	# The restore does not see the exit status of a pipe, so the output marks success.
	print "SELECT pg_catalog.set_config(\047aquastream.complete\047, \047yes\047, true);"
}'
}

# scanned ARCHIVE FORMAT SCHEMA: the SQL of an archive after the scan
scanned() {
	{ unpack "$2" <"$1" || printf '\nbroken\n'; } | scan_dump "$3"
}

checksum() { if command -v sha256sum >/dev/null; then sha256sum "$@"; else shasum -a 256 "$@"; fi; }

restore() { # restore SCHEMA ARCHIVE
	[ -r "$2" ] || fail 7 "$2 cannot be read" 'check the path of the archive: restore.sh SCHEMA ARCHIVE'
	directory=$(dirname "$2") name=$(basename "$2")
	format=$(format_of "$2")
	case $format in
	gzip | zstd) decompressor=$format ;;
	custom) decompressor=pg_restore ;;
	*) decompressor='cat' ;;
	esac
	for program in psql base64 awk "$decompressor"; do
		command -v "$program" >/dev/null || fail 3 "$program was not found on this machine" 'install it, then run the command again'
	done
	refuse_form "$2"
	if [ -r "$directory/SHA256SUMS" ]; then
		expected=$(awk -v name="$name" '$2 == name || $2 == "*" name { print $1 }' "$directory/SHA256SUMS")
		[ "$expected" = "$(checksum "$2" | cut -c 1-64)" ] ||
			fail 7 "$2 is damaged: its checksum does not match SHA256SUMS" 'nothing was changed; choose another backup'
	else
		echo "note: $directory contains no SHA256SUMS, so the checksum is not verified" >&2
	fi
	scanned "$2" "$format" "$1" >/dev/null ||
		fail 7 "$2 is not a complete dump of one schema" 'nothing was changed; choose another backup'
	manifest=
	if [ -r "$directory/manifest.json" ]; then
		manifest=$(base64 <"$directory/manifest.json" | tr -d '\n')
	else
		echo "note: $directory contains no manifest.json, so row counts are not compared" >&2
	fi
	schemas=$(printf '["%s"]' "$(printf '%s' "$1" | sed 's/[\\"]/\\&/g')")
	# aquastream takes this lock in a separate session. The server releases it when the transaction ends.
	before="SELECT pg_try_advisory_xact_lock($lock) AS free \\gset
\\if :free
\\else
\\echo aquastream busy
\\q
\\endif"
	status=0
	output=$({ printf '%s\n' "$manifest" && scanned "$2" "$format" "$1"; } | replay "$schemas") || status=$?
	# psql exits with status 3 if the server reported an error, also one of the COMMIT.
	case $status,$output in
	*'aquastream busy'*) fail 8 'another backup or restore of this database is running' 'run the command again when it has finished' ;;
	*'aquastream committed'*) echo "$1 was restored from $2; restart the services that use it" ;;
	[!3]*'aquastream commits'*)
		xid=$(printf '%s\n' "$output" | sed -n 's/^aquastream xid //p')
		fail 4 "the connection was lost during COMMIT: $1 was either restored or not changed" \
			"when the server is available again, run psql -Xc \"SELECT pg_xact_status('$xid')\": committed means restored"
		;;
	*) fail 6 "$1 was not restored; nothing was changed" 'fix the error reported by psql, then run the command again' ;;
	esac
}

case ${1:-} in
--stream)
	verbosity=verbose
	case ${2:-} in
	plan | unpack)
		# Exit with the status of the failed command: 127 means that a program was not found.
		"$2" "$3" || exit
		# Without this last line the output is incomplete, because a lost connection looks like its end.
		echo aquastream-end
		;;
	replay)
		replay "$3"
		;;
	*)
		usage >&2
		exit 2
		;;
	esac
	exit
	;;
-h | --help)
	usage
	exit
	;;
esac
[ $# -eq 2 ] || fail 2 'restore.sh requires a schema and an archive' 'see restore.sh --help'
restore "$1" "$2"

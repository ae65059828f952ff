#!/bin/sh
# Backs up schemas of one PostgreSQL database, all from one snapshot. See `backup.sh --help`.
#
# aquastream runs this script with --stream where the client tools of the server are, and writes the backup itself.
# POSIX sh. Requires psql, pg_dump, pg_dumpall and gzip; when run manually, also awk, mkfifo and sha256sum. Uses igzip if it
# is installed.
set -eu
umask 077
# In a container, the server is often process 1: it inherits the orphaned processes of this script, mistakes one
# that was killed by a signal for a crashed backend, and terminates all sessions. Therefore no process of this
# script may outlive its parent or be killed by SIGPIPE. The shell passes a here-document of up to 4096 bytes
# directly, and starts a process for a longer one: all here-documents are shorter.
trap '' PIPE

usage() {
	cat <<'HELP'
usage: backup.sh [--dir DIRECTORY] [--level 1..9] [SCHEMA...]

Writes the backup DIRECTORY/<id>/ with one gzip archive per schema, an archive of the roles, manifest.json
and SHA256SUMS; <id> is the time of the snapshot, such as 20261123T020000Z. All schemas are backed up from one
snapshot. The directory appears under this name when the backup is complete; a failure or an interrupt leaves
no backup. Each archive is read back: it must be a complete dump and have the rows of the snapshot. Without SCHEMA, all schemas except public and the system schemas are backed up. Afterwards, runs
aquastream db:rotate if aquastream is installed.

  --dir DIRECTORY  the repository [default: ./backups/by-hand]
  --level 1..9     compression level of gzip [default: igzip -2 if igzip is installed, else level 1]

The connection is configured as for psql: PGHOST, PGPORT, PGUSER, PGDATABASE, and the password in PGPASSWORD or
~/.pgpass. The user must have read access to all objects: use the owner or a superuser.

  PGHOST=db.example.com PGUSER=aquastream PGDATABASE=aquastream backup.sh --dir /srv/backups/prod

To view the content of an archive, or to restore it without restore.sh:

  gunzip -c user_20261123T020000Z.sql.gz | less
  gunzip -c user_20261123T020000Z.sql.gz | psql -X -1 -v ON_ERROR_STOP=1 -d another_database
  pg_restore --list user_20261123T020000Z.dump        (db:backup --format custom)

restore.sh is safer: it never commits a truncated archive.

exit status: 0 done, 2 invalid usage, 3 a program is missing or has the wrong version, 5 backup failed, 8 another backup or restore is
             running, 130 and 143 interrupted; if only the rotation fails, its exit status, and the backup is complete
HELP
}

# --- PostgreSQL ------------------------------------------------------------------------

# In the container of the stack, the variables of the image are used.
export PGUSER="${PGUSER:-${POSTGRES_USER:-$(id -un)}}"
export PGDATABASE="${PGDATABASE:-${POSTGRES_DB:-$PGUSER}}"
export PGAPPNAME="${PGAPPNAME:-aquastream backup.sh}"
export PGCLIENTENCODING=UTF8
export PGCONNECT_TIMEOUT="${PGCONNECT_TIMEOUT:-15}"
# A role or database can have timeouts that would cancel a long dump. Rows hidden by row-level security cause an error
# instead of an incomplete dump. A backend that waits for a lock exits when its client is gone. Queries of the catalogs have
# high estimated costs, so that the server would compile them for seconds and run them for milliseconds.
readonly settings="statement_timeout=0 lock_timeout=${LOCK_TIMEOUT:-60}s idle_in_transaction_session_timeout=0 idle_session_timeout=0 default_transaction_read_only=off standard_conforming_strings=on client_connection_check_interval=1s row_security=off jit=off search_path= client_min_messages=warning"
# shellcheck disable=SC2086
PGOPTIONS="${PGOPTIONS:-}$(printf ' -c %s' $settings)"
export PGOPTIONS

# The advisory lock of all commands that back up or restore schemas of this database.
readonly lock='1095849281, 1'

# Seconds that a dump waits for a table that is locked by another session.
readonly lock_wait="${LOCK_TIMEOUT:-60}"

# The VERBOSITY of psql. With `verbose`, errors include the SQLSTATE; their text is in the language of the server.
verbosity=default

sql() { psql -XAtqw -v ON_ERROR_STOP=1 -v VERBOSITY="$verbosity" "$@"; }

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

# Quotes a name as a pattern that matches only this name.
exactly() { printf '"%s"' "$(printf '%s' "$1" | sed 's/"/""/g')"; }

# How the pg_dump command is run: run, or until_stdin_closes.
runner=run
# The process ID of igzip while it runs.
compressor_pid=

# compressor: prints the program that compresses faster than pg_dump, such as `igzip 2.30.0`; nothing if it cannot be used
compressor() {
	if command -v mkfifo >/dev/null && [ -w "${TMPDIR:-/tmp}" ] && igzip=$(igzip --version 2>/dev/null); then
		printf 'igzip %s\n' "${igzip##* }"
	fi
}

# Starts igzip, which compresses to stdout what is written to descriptor 6. A named pipe is used, because the exit status and
# the process ID of a program before `|` are not available.
start_compressor() {
	pipe=$(mktemp -d "${TMPDIR:-/tmp}/aquastream.XXXXXX") || return
	mkfifo "$pipe/pipe" || {
		rm -r "$pipe"
		return 1
	}
	# Opened for both reading and writing, a named pipe does not wait for the other end.
	# shellcheck disable=SC2094
	exec 7<>"$pipe/pipe" 6>"$pipe/pipe" 8<"$pipe/pipe" 7>&-
	rm -r "$pipe"
	igzip -2 <&8 6>&- 8>&- &
	compressor_pid=$!
	# When igzip has exited, the command must not be able to write any more.
	exec 8<&-
}

# Waits for igzip, and changes `status`, the exit status of the command, if igzip failed.
stop_compressor() {
	exec 6>&-
	[ -n "$compressor_pid" ] || return 0
	# After a failure, possibly nobody reads what igzip writes.
	[ "$status" -eq 0 ] || kill "$compressor_pid" 2>/dev/null || true
	compressor_status=0
	wait "$compressor_pid" || compressor_status=$?
	compressor_pid=
	case $compressor_status,$status in
	0,* | 143,[!0]*) ;;
	*)
		echo "igzip failed with exit status $compressor_status" >&2
		status=$compressor_status
		;;
	esac
}

# run COMMAND...: runs a command with its output to `out`
run() {
	status=0
	"$@" >&"$out" || status=$?
	stop_compressor
	return "$status"
}

# dump SCHEMA SNAPSHOT FORMAT COMPRESSION EXTENSION...: writes an archive to stdout. COMPRESSION is that of pg_dump, or igzip.
dump() {
	pattern=$(exactly "$1") at=$2 format=$3 compression=$4
	shift 4
	for extension; do
		shift
		set -- "$@" --extension "$(exactly "$extension")"
	done
	set -- pg_dump -w --encoding UTF8 --strict-names --lock-wait-timeout "${lock_wait}s" --snapshot "$at" \
		--format "$format" --schema "$pattern" "$@"
	out=1
	if [ "$compression" = igzip ]; then
		start_compressor || return
		compression=0 out=6
	fi
	"$runner" "$@" --compress "$compression"
}

globals() {
	# By default, pg_dumpall connects to the database postgres, which not every user may. An empty name stands for PGDATABASE.
	roles=$(pg_dumpall -w --globals-only --no-role-passwords --database '')
	case $roles in
	*'-- PostgreSQL database cluster dump complete'*) printf '%s\n' "$roles" | gzip -n ;;
	*) return 1 ;;
	esac
}

# in_snapshot SNAPSHOT SCHEMAS: runs the SQL on stdin; the setting aquastream.schemas is the JSON list of schemas
in_snapshot() {
	{
		begin='BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY'
		settings_sql "$begin${1:+ \; SET TRANSACTION SNAPSHOT :'snapshot'}"
		printf '%s\n' "SELECT set_config('aquastream.schemas', :'schemas', true) \\g /dev/null"
		cat
	} | sql -v snapshot="$1" -v schemas="$2"
}

# facts SNAPSHOT SCHEMAS: prints the manifest entries of the schemas, as one line of JSON
facts() {
	{
		cat <<'SQL'
DO $$
DECLARE
	item record;
	rows bigint;
	found text := '';
BEGIN
	FOR item IN
		SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname IN (SELECT json_array_elements_text(current_setting('aquastream.schemas')::json))
			AND c.relkind = 'r'
			AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = c.oid AND deptype = 'e')
		ORDER BY 1, 2
	LOOP
		EXECUTE format('SELECT count(*) FROM ONLY %I.%I', item.nspname, item.relname) INTO rows;
		found := found || ',' || json_build_object('schema', item.nspname, 'name', item.relname, 'rows', rows);
	END LOOP;
	PERFORM set_config('aquastream.rows', '[' || substr(found, 2) || ']', false);
END $$;
SQL
		cat <<'SQL'
-- The planner underestimates the joins below.
SET LOCAL enable_nestloop = off;
WITH wanted AS (
	SELECT n.oid, n.nspname, n.nspname = 'public' AND NOT EXISTS (
		SELECT FROM aclexplode(coalesce(nspacl, acldefault('n', nspowner))) WHERE grantee = 0 AND privilege_type = 'USAGE') AS closed
	FROM pg_namespace n
	WHERE n.nspname IN (SELECT json_array_elements_text(current_setting('aquastream.schemas')::json))
), placed (classid, objid, nsp) AS (
	SELECT 'pg_class'::regclass::oid, oid, relnamespace FROM pg_class
	UNION ALL SELECT 'pg_type'::regclass, oid, typnamespace FROM pg_type
	UNION ALL SELECT 'pg_proc'::regclass, oid, pronamespace FROM pg_proc
	UNION ALL SELECT 'pg_operator'::regclass, oid, oprnamespace FROM pg_operator
	UNION ALL SELECT 'pg_opclass'::regclass, oid, opcnamespace FROM pg_opclass
	UNION ALL SELECT 'pg_collation'::regclass, oid, collnamespace FROM pg_collation
	UNION ALL SELECT 'pg_constraint'::regclass, oid, connamespace FROM pg_constraint
	UNION ALL SELECT 'pg_attrdef'::regclass, d.oid, relnamespace FROM pg_attrdef d JOIN pg_class c ON c.oid = adrelid
	UNION ALL SELECT 'pg_rewrite'::regclass, r.oid, relnamespace FROM pg_rewrite r JOIN pg_class c ON c.oid = ev_class
	UNION ALL SELECT 'pg_trigger'::regclass, t.oid, relnamespace FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid WHERE NOT tgisinternal
	UNION ALL SELECT 'pg_policy'::regclass, p.oid, relnamespace FROM pg_policy p JOIN pg_class c ON c.oid = polrelid
), links AS (
	SELECT DISTINCT w.nspname AS schema, o.type AS kind, o.identity AS name, n.nspname AS target
	FROM pg_depend d
	JOIN placed inside ON (inside.classid, inside.objid) = (d.classid, d.objid)
	JOIN placed outside ON (outside.classid, outside.objid) = (d.refclassid, d.refobjid)
	JOIN wanted w ON w.oid = inside.nsp
	JOIN pg_namespace n ON n.oid = outside.nsp AND n.oid <> w.oid
	CROSS JOIN LATERAL pg_identify_object(d.classid, d.objid, d.objsubid) o
	WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'public')
), counts AS MATERIALIZED (
	SELECT * FROM json_to_recordset(current_setting('aquastream.rows')::json) AS c (schema text, name text, rows bigint)
), extensions AS (
	SELECT e.extname AS name, e.extversion AS version, n.nspname AS schema
	FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname <> 'plpgsql'
)
SELECT json_build_object(
	'server', json_build_object('version', split_part(current_setting('server_version'), ' ', 1), 'database', current_database()),
	'extensions', (SELECT coalesce(json_agg(e ORDER BY name), '[]') FROM extensions e
		WHERE e.schema NOT IN (SELECT nspname FROM wanted)),
	'schemas', (SELECT coalesce(json_agg(json_build_object(
		'schema', nspname,
		'tables', (SELECT coalesce(json_agg(json_build_object('name', name, 'rows', rows)), '[]')
			FROM counts WHERE counts.schema = nspname),
		'extensions', (SELECT coalesce(json_agg(e ORDER BY name), '[]') FROM extensions e WHERE e.schema = nspname),
		'links', (SELECT coalesce(json_agg(json_build_object('kind', kind, 'name', name, 'schema', target)
			ORDER BY kind, name, target), '[]') FROM links l WHERE l.schema = nspname)
	)::jsonb || CASE WHEN closed THEN '{"publicUsageRevoked": true}' ELSE '{}' END::jsonb ORDER BY nspname), '[]') FROM wanted));
SQL
	} | in_snapshot "$1" "$2"
}

# rewritten SNAPSHOT SCHEMAS: prints the tables that were truncated or rewritten since the snapshot, which appear
# empty in it; and those whose name now belongs to another table, which was dumped instead.
rewritten() {
	in_snapshot "$1" "$2" <<'SQL'
-- Materialized, because the user may have no right to look up names in other schemas.
WITH relations AS MATERIALIZED (
	SELECT c.oid, relkind, relfilenode, format('%I.%I', nspname, relname) AS name
	FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
	WHERE nspname IN (SELECT json_array_elements_text(current_setting('aquastream.schemas')::json))
)
SELECT coalesce(json_agg(name), '[]') FROM relations
WHERE relkind = 'r' AND relfilenode IS DISTINCT FROM pg_relation_filenode(oid)
	OR relkind IN ('r', 'p', 'S') AND to_regclass(name) IS DISTINCT FROM oid;
SQL
}

# --- Called by aquastream, with --stream -----------------------------------------------

# until_stdin_closes COMMAND...: as `run`, and terminates the script at the end of stdin, because its output is then no longer
# read. A killed `docker exec` client leaves its command running; this terminates the command as well.
until_stdin_closes() {
	exec 3<&0
	job='' watch=''
	# igzip, which a signal kills, must be waited for by its parent: only this shell sends it one.
	# shellcheck disable=SC2086
	trap 'kill -KILL $watch 2>/dev/null || true; kill $job $compressor_pid 2>/dev/null || true; wait; exit 143' INT TERM HUP
	"$@" </dev/null >&"$out" 3<&- &
	job=$!
	exec 6>&-
	(
		trap 'exit 0' TERM
		while read -r _ <&3; do :; done
		kill $$ || kill "$job"
	) >/dev/null 2>&1 &
	watch=$!
	status=0
	wait "$job" || status=$?
	job=
	stop_compressor
	# SIGTERM is lost if it arrives before the watcher has replaced the traps of this shell.
	kill -KILL "$watch" 2>/dev/null || true
	wait "$watch" 2>/dev/null || true
	watch=
	return "$status"
}

# The last line of the output: without it, the output is incomplete, because a lost connection looks like its end.
readonly end_mark=aquastream-end

# connect with|without: connects with or without startup options, which a connection pooler can refuse
connect() {
	[ "$1" = with ] || PGOPTIONS=
	sql -c ''
}

# version: prints the version of pg_dump, such as 16.14
version() { pg_dump --version | sed 's/^[^0-9]*//; s/ .*//'; }

# tools: prints the version of pg_dump, and on a second line the compressor, if there is one
tools() { version && compressor; }

# probe COMPRESSION: succeeds if this pg_dump supports the compression; dumps nothing
probe() { pg_dump -w --compress "$1" --schema-only --exclude-schema '*' >/dev/null; }

# Runs a session, and afterwards the SQL in CLEANUP_SQL, also if the session or its client was killed. Retries,
# because a server that crashed needs some time to recover.
session_with_cleanup() {
	trap : INT TERM HUP
	psql -XAtqw || true
	{
		tries=0
		until printf '%s\n' "$CLEANUP_SQL" | psql -XAtqw || [ "$tries" -eq 20 ]; do
			tries=$((tries + 1))
			sleep 1
		done
	} </dev/null >/dev/null 2>&1 &
}

stream() {
	what=$1
	shift
	runner=until_stdin_closes verbosity=verbose
	case $what in
	# Without ON_ERROR_STOP: the client reads :ERROR after each statement, and the session continues.
	session)
		[ -n "${CLEANUP_SQL:-}" ] || exec psql -XAtqw
		session_with_cleanup
		exit
		;;
	dump | tools | globals | facts | rewritten | connect | probe) "$what" "$@" || exit 5 ;;
	*)
		usage >&2
		exit 2
		;;
	esac
	printf '%s\n' "$end_mark"
}

# --- Run manually ----------------------------------------------------------------------

fail() { # fail STATUS SENTENCE HINT
	failed=yes
	printf 'error: %s\nhint: %s\n' "$2" "$3" >&2
	exit "$1"
}

checksum() { if command -v sha256sum >/dev/null; then sha256sum "$@"; else shasum -a 256 "$@"; fi; }

# Prints the selected schemas, one per line: the encoded name for the file, a tab, the name. Capital letters are
# percent-encoded, because some file systems do not distinguish User from user; a schema named globals is encoded as
# %67lobals, because the archive of the roles is named globals.
find_schemas() { # find_schemas JSON
	sql -F '	' -v asked="$1" <<'SQL'
SELECT CASE nspname WHEN 'globals' THEN '%67lobals' ELSE (SELECT string_agg(CASE WHEN chr(b) ~ '[a-z0-9_-]' THEN chr(b) ELSE '%' || upper(lpad(to_hex(b), 2, '0')) END, '' ORDER BY i)
	FROM (SELECT i, get_byte(convert_to(nspname, 'UTF8'), i) AS b
		FROM generate_series(0, octet_length(convert_to(nspname, 'UTF8')) - 1) i) bytes) END, nspname
FROM pg_namespace
WHERE CASE WHEN :'asked' = '[]' THEN nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'public')
	ELSE nspname IN (SELECT json_array_elements_text(:'asked'::json)) END
ORDER BY 2;
SQL
}

json_string() { printf '"%s"' "$(printf '%s' "$1" | sed 's/[\\"]/\\&/g')"; }

json_list() {
	printf '['
	comma=
	for name; do
		printf '%s' "$comma"
		json_string "$name"
		comma=,
	done
	printf ']'
}

# Opens a session that holds the lock and the snapshot until the shell exits, also if it is killed.
open_session() {
	mkfifo "$work/session.in"
	: >"$work/session.out"
	sql <"$work/session.in" >"$work/session.out" 2>"$work/session.err" &
	session=$!
	exec 9>"$work/session.in"
	{
		settings_sql 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY'
		printf "SELECT pg_try_advisory_xact_lock(%s);\nSELECT pg_export_snapshot();\n" "$lock"
	} >&9
	until [ "$(wc -l <"$work/session.out")" -ge 2 ]; do
		kill -0 "$session" 2>/dev/null || {
			cat "$work/session.err" >&2
			fail 5 "the connection to the database failed: $(head -n 1 "$work/session.err")" 'test the connection with psql'
		}
		sleep 0.1
	done
	{
		read -r free
		read -r snapshot
	} <"$work/session.out"
	[ "$free" = t ] || fail 8 'another backup or restore of this database is running' 'run the command again when it has finished'
}

# Checks the versions as aquastream does, in src/postgres/versions.ts.
check_versions() {
	server=$(sql -c "SELECT current_setting('server_version_num')::int / 10000")
	tool=$(version)
	tool=${tool%%[!0-9]*}
	[ "$server" -ge 15 ] ||
		fail 3 "the server is PostgreSQL $server, but 15 or newer is required" 'upgrade the server'
	[ "$tool" -ge "$server" ] ||
		fail 3 "pg_dump $tool cannot back up PostgreSQL $server" "put the client tools of version $server first in PATH"
	[ "$tool" -lt 17 ] || [ "$server" -ge 17 ] ||
		fail 3 "dumps written by pg_dump $tool cannot be restored into PostgreSQL $server" "put the client tools of version $server first in PATH"
}

# rows_in FILE: prints the number of rows of an archive; fails if the dump is not complete
rows_in() {
	{ gzip -dc "$1" || echo broken; } | LC_ALL=C awk '
copying { if ($0 == "\\.") copying = 0; else rows++; next }
/^-- Data for Name: / { data = 1 }
data && /^COPY / { header = 1 }
header && /;$/ { header = data = 0; copying = / FROM stdin;$/ }
{ last = $0 }
$0 == "-- PostgreSQL database dump" { begun = 1 }
$0 == "-- PostgreSQL database dump complete" { ended = 1 }
END { if (!begun || !ended || last == "broken") exit 1; printf "%.0f\n", rows }'
}

# read_back SCHEMA FILE: exits if the archive is not a complete dump with the rows of the snapshot
read_back() {
	rows=$(rows_in "$2") || fail 5 "the dump of $1 is not complete" 'check the pg_dump that is the first in PATH'
	expected=$(sql -v schema="$1" <<'SQL'
\set facts `cat "$work/facts"`
SELECT coalesce(sum((t->>'rows')::bigint), 0)
FROM jsonb_array_elements(:'facts'::jsonb->'schemas') s, jsonb_array_elements(s->'tables') t WHERE s->>'schema' = :'schema';
SQL
	)
	[ "$rows" -ge "$expected" ] ||
		fail 5 "the dump of $1 contains $rows rows, but the snapshot has $expected" 'run the command again'
}

extensions_of() {
	sql -v schema="$1" <<'SQL'
\set facts `cat "$work/facts"`
SELECT e->>'name' FROM jsonb_array_elements(:'facts'::jsonb->'schemas') s, jsonb_array_elements(s->'extensions') e
WHERE s->>'schema' = :'schema';
SQL
}

# Prints the manifest. The server merges the facts with the sizes and checksums of the files, because sh has no JSON.
write_manifest() {
	{
		printf '['
		comma=
		for line in "$work"/archive.*; do
			printf '%s' "$comma"
			cat "$line"
			comma=,
		done
		printf ']'
	} >"$work/archives"
	sql -v id="$id" -v tool="$(version)" -v compressor="$compressor" <<'SQL'
\set facts `cat "$work/facts"`
\set archives `cat "$work/archives"`
\set globals `cat "$work/globals"`
SELECT jsonb_pretty(jsonb_build_object('format', 1, 'id', :'id', 'kind', 'backup',
	'server', :'facts'::jsonb->'server',
	'tools', jsonb_strip_nulls(jsonb_build_object('aquastream', 'backup.sh', 'pgDump', :'tool',
		'compressor', nullif(:'compressor', ''))),
	'archives', (SELECT jsonb_agg(f || a) FROM jsonb_array_elements(:'facts'::jsonb->'schemas') f
		JOIN jsonb_array_elements(:'archives'::jsonb) a ON a->>'schema' = f->>'schema'),
	'extensions', :'facts'::jsonb->'extensions',
	'globals', :'globals'::jsonb));
SQL
}

# describe FILE: prints its manifest entry
describe() {
	printf '"file":"%s","bytes":%s,"sha256":"%s"' "$1" "$(($(wc -c <"$partial/$1")))" \
		"$(checksum "$partial/$1" | cut -c 1-64)"
}

clean_up() {
	status=$?
	exec 6>&- 9>&-
	[ -z "$compressor_pid" ] || { kill "$compressor_pid" && wait "$compressor_pid"; } 2>/dev/null || true
	[ -z "${session:-}" ] || wait "$session" || true
	rm -rf "$work"
	[ -z "${partial:-}" ] || rm -rf "$partial"
	# If `fail` was called, it has already reported the error.
	case $status in
	0 | 130 | 143) ;;
	*) [ -n "${failed:-}" ] || fail 5 'the backup failed' 'fix the error reported above, then run the command again; earlier backups are unchanged' ;;
	esac
}

backup() {
	for program in psql pg_dump pg_dumpall gzip awk mkfifo; do
		command -v "$program" >/dev/null ||
			fail 3 "$program was not found on this machine" 'install it; the PostgreSQL client tools must not be older than the server'
	done
	mkdir -p "$dir" || fail 3 "$dir cannot be created" 'specify another directory with --dir'
	# Exported because psql reads values from files that are too long for an argument.
	work=$(mktemp -d "${TMPDIR:-/tmp}/aquastream.XXXXXX")
	export work
	trap clean_up EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	# Each run holds a shared lock until it and its programs have ended. Whoever gets the exclusive one is alone: partial backups
	# are then leftovers of crashed runs. Where flock is missing or cannot lock the directory, they are left.
	if command -v flock >/dev/null; then
		exec 5<"$dir"
		! flock -n 5 2>/dev/null || rm -rf "$dir"/.*.by-hand
		flock -s 5 2>/dev/null || true
	fi
	# Two backups in one second, or a clock that was set back, would have the same ID: wait for the next free second. The
	# directory of the partial backup reserves the ID.
	until
		id=$(date -u +%Y%m%dT%H%M%SZ)
		[ ! -e "$dir/$id" ] && [ ! -e "$dir/.$id.partial" ] && mkdir "$dir/.$id.by-hand" 2>/dev/null
	do
		[ -e "$dir/$id" ] || [ -e "$dir/.$id.partial" ] || [ -e "$dir/.$id.by-hand" ] ||
			fail 3 "no backup can be created in $dir" 'check its permissions and the free space of its disk'
		sleep 1
	done
	partial=$dir/.$id.by-hand
	open_session
	check_versions
	compressor=
	[ -n "$level" ] || compressor=$(compressor)
	with=${level:-1}
	[ -z "$compressor" ] || with=igzip
	asked=$(json_list "$@")
	find_schemas "$asked" >"$work/schemas"
	if [ ! -s "$work/schemas" ] || [ "$(($(wc -l <"$work/schemas")))" -lt "$#" ]; then
		fail 5 "not all schemas exist: $asked" "list the schemas: psql -c '\\dn'"
	fi
	names=$(sql -v all="$(cut -f 2- "$work/schemas")" <<'SQL'
SELECT json_agg(n) FROM regexp_split_to_table(:'all', '\n') n;
SQL
	)
	facts "$snapshot" "$names" >"$work/facts"
	while IFS='	' read -r stem schema; do
		file=${stem}_$id.sql.gz
		printf '%s\n' "$schema" >&2
		# Names of extensions contain no spaces.
		# shellcheck disable=SC2046
		dump "$schema" "$snapshot" plain "$with" $(extensions_of "$schema") >"$partial/$file" ||
			fail 5 "$schema could not be dumped" 'fix the error reported by pg_dump, then run the command again'
		read_back "$schema" "$partial/$file"
		printf '{"schema":%s,"format":"plain","compression":"gzip",%s}' \
			"$(json_string "$schema")" "$(describe "$file")" >"$work/archive.$stem"
	done <"$work/schemas"
	[ "$(rewritten "$snapshot" "$names")" = '[]' ] ||
		fail 5 'a table was truncated or rewritten during the backup' 'run the command again'
	globals >"$partial/globals_$id.sql.gz" ||
		fail 5 'the roles could not be dumped' 'fix the error reported by pg_dumpall, then run the command again'
	printf '{%s}' "$(describe "globals_$id.sql.gz")" >"$work/globals"
	write_manifest >"$partial/manifest.json"
	(cd "$partial" && checksum -- * >.SHA256SUMS && mv .SHA256SUMS SHA256SUMS)
	sync
	[ ! -e "$dir/$id" ] || fail 5 "$dir/$id already exists" 'run the command again'
	mv "$partial" "$dir/$id"
	partial=
	echo "$dir/$id"
	rotate
}

rotate() {
	if ! command -v aquastream >/dev/null; then
		echo 'rotation skipped: aquastream was not found on this machine' >&2
		return 0
	fi
	parent=$(dirname "$dir")
	profile=$(basename "$dir")
	case $profile in
	dev | stage | prod)
		aquastream db:rotate --profile "$profile" --dir "$parent" >&2 ||
			fail $? "the backup $id is complete, but the rotation failed" \
				"fix the error reported above, then run aquastream db:rotate --profile $profile --dir $parent"
		;;
	*) echo "rotation skipped: $dir is not the repository of a profile (dev, stage or prod)" >&2 ;;
	esac
}

dir=backups/by-hand
level=
case ${1:-} in
--stream)
	shift
	stream "$@"
	exit
	;;
-h | --help)
	usage
	exit
	;;
esac
while [ $# -gt 0 ]; do
	case $1 in
	--dir) dir=${2:?--dir requires a directory} && shift 2 ;;
	--level) level=${2:?--level requires a number} && shift 2 ;;
	--)
		shift
		break
		;;
	-*) fail 2 "unknown option $1" 'list the options: backup.sh --help' ;;
	*) break ;;
	esac
done
case $level in '' | [1-9]) ;; *) fail 2 "--level must be a number from 1 to 9, not $level" 'see backup.sh --help' ;; esac
backup "$@"

#!/bin/sh
# Backs up schemas of one PostgreSQL database, all as they were at one moment. `backup.sh --help` says how.
#
# aquastream runs this same text beside the server, with --stream, and keeps the books itself.
# POSIX sh; needs psql, pg_dump, pg_dumpall and gzip, and to run by hand also mkfifo and sha256sum.
set -eu
umask 077
# In a container the server is often process 1, which inherits whatever we leave behind and takes one that
# was ended by a signal for a crash of its own: all sessions end. So no process of ours may outlive its
# parent, or die of a closed pipe. A shell hands a here-document of up to 4096 bytes over by itself, and starts
# a process for a longer one: all of them are shorter.
trap '' PIPE

usage() {
	cat <<'HELP'
usage: backup.sh [--dir DIRECTORY] [--level 1..9] [SCHEMA...]

Writes DIRECTORY/<id>/ with one gzip archive per schema, the roles, manifest.json and SHA256SUMS; <id> is
the time of the snapshot, such as 20261123T020000Z. All schemas are of one moment. The set appears under
its name when it is complete; a run that fails or is interrupted leaves none. Without a SCHEMA it takes
every schema except public and the system's. Afterwards it rotates, if aquastream is to be found.

  --dir DIRECTORY  where the sets are [default: ./backups/by-hand]
  --level 1..9     of gzip [default: 1]

The server is found as psql finds it: PGHOST, PGPORT, PGUSER, PGDATABASE; the password in PGPASSWORD or
~/.pgpass. The user must be allowed to read everything: the owner, or a superuser.

  PGHOST=db.example.com PGUSER=aquastream PGDATABASE=aquastream backup.sh --dir /srv/backups/prod

To look into an archive, and to restore one without any tool of ours:

  gunzip -c user_20261123T020000Z.sql.gz | less
  gunzip -c user_20261123T020000Z.sql.gz | psql -X -1 -v ON_ERROR_STOP=1 -d another_database
  pg_restore --list user_20261123T020000Z.dump        (made with --format custom)

restore.sh is safer: a stream that is cut off does not end in half a schema.

exit status: 0 done, 2 wrong usage, 3 a program is missing, 5 backup failed, 8 another run is at work,
             130 and 143 interrupted
HELP
}

# --- PostgreSQL ------------------------------------------------------------------------

# In the container of the stack the names are those of the image.
export PGUSER="${PGUSER:-${POSTGRES_USER:-$(id -un)}}"
export PGDATABASE="${PGDATABASE:-${POSTGRES_DB:-$PGUSER}}"
export PGAPPNAME="${PGAPPNAME:-aquastream backup.sh}"
export PGCLIENTENCODING=UTF8
export PGCONNECT_TIMEOUT="${PGCONNECT_TIMEOUT:-15}"
# A role or database may carry limits of its own, which would end a long dump. Rows hidden by row level
# security are an error, not fewer rows. A backend that waits for a table ends with its client.
export PGOPTIONS="${PGOPTIONS:-} -c statement_timeout=0 -c lock_timeout=60s -c idle_in_transaction_session_timeout=0 -c idle_session_timeout=0 -c default_transaction_read_only=off -c standard_conforming_strings=on -c client_connection_check_interval=1s -c row_security=off -c search_path= -c client_min_messages=warning"

# Two numbers that stand for "aquastream works on the backups or schemas of this database".
readonly lock='1095849281, 1'

# Seconds that a dump waits for a table that somebody has locked.
readonly lock_wait=60

# What psql says of an error. With `verbose` it begins with the SQLSTATE: all else is in the language of the server.
verbosity=default

sql() { psql -XAtqw -v ON_ERROR_STOP=1 -v VERBOSITY="$verbosity" "$@"; }

# A name as a pattern that means this name and no other.
exactly() { printf '"%s"' "$(printf '%s' "$1" | sed 's/"/""/g')"; }

# What starts pg_dump: nothing, or while_wanted.
runner=

# dump SCHEMA SNAPSHOT FORMAT COMPRESSION EXTENSION...: an archive on stdout
dump() {
	pattern=$(exactly "$1") at=$2 format=$3 compression=$4
	shift 4
	for extension; do
		shift
		set -- "$@" --extension "$(exactly "$extension")"
	done
	$runner pg_dump -w --encoding UTF8 --strict-names --lock-wait-timeout "${lock_wait}s" --snapshot "$at" \
		--format "$format" --compress "$compression" --schema "$pattern" "$@"
}

globals() {
	roles=$(pg_dumpall -w --globals-only --no-role-passwords)
	case $roles in
	*'-- PostgreSQL database cluster dump complete'*) printf '%s\n' "$roles" | gzip -n ;;
	*) return 1 ;;
	esac
}

# in_snapshot SNAPSHOT SCHEMAS: runs the SQL of stdin, with the schemas as a JSON list in a setting
in_snapshot() {
	{
		printf '%s\n' "SELECT set_config('aquastream.schemas', :'schemas', false) \\g /dev/null" \
			"SELECT set_config(name, '0', false) FROM pg_settings WHERE name = 'transaction_timeout' \\g /dev/null" \
			'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;'
		[ -z "$1" ] || printf '%s\n' "SET TRANSACTION SNAPSHOT :'snapshot';"
		cat
	} | sql -v snapshot="$1" -v schemas="$2"
}

# What the manifest says of schemas, as one line of JSON.
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
-- The planner takes the joins below for small.
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

# The tables that the snapshot shows empty although they were not, since TRUNCATE and rewrites do not spare it; and
# those whose name means another table by now, which was dumped in their place.
rewritten() {
	in_snapshot "$1" "$2" <<'SQL'
SELECT coalesce(json_agg(format('%I.%I', n.nspname, c.relname)), '[]')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname IN (SELECT json_array_elements_text(current_setting('aquastream.schemas')::json))
	AND (c.relkind = 'r' AND c.relfilenode IS DISTINCT FROM pg_relation_filenode(c.oid)
		OR c.relkind IN ('r', 'p', 'S') AND to_regclass(format('%I.%I', n.nspname, c.relname)) IS DISTINCT FROM c.oid);
SQL
}

# --- Beside the server, for aquastream -------------------------------------------------

# Runs a program to its end, or to the end of stdin: then nobody waits for its output any more. A client
# of `docker exec` that dies leaves what it started; this is how that ends too.
while_wanted() {
	exec 3<&0
	"$@" </dev/null 3<&- &
	job=$!
	(
		trap 'exit 0' TERM
		while read -r _ <&3; do :; done
		kill "$job"
	) >/dev/null 2>&1 &
	watch=$!
	trap 'kill "$job" "$watch" 2>/dev/null; wait; exit 143' INT TERM HUP
	status=0
	wait "$job" || status=$?
	kill "$watch" 2>/dev/null || true
	wait "$watch" || true
	return "$status"
}

# What comes out is whole only if this line ends it: a connection that is cut looks like an end.
readonly end_mark=aquastream-end

# version: that of pg_dump, such as 16.14
version() { pg_dump --version | sed 's/^[^0-9]*//; s/ .*//'; }

# probe COMPRESSION: whether this pg_dump has it; it dumps nothing
probe() { pg_dump -w --compress "$1" --schema-only --exclude-schema '*' >/dev/null; }

# A session, and afterwards the SQL in CLEANUP_SQL, whatever ended the session or the one who wanted it. A server that
# crashed needs a while until it answers again.
session_and_farewell() {
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
	runner=while_wanted verbosity=verbose
	case $what in
	# Says what went wrong by \echo :ERROR, and goes on.
	session)
		[ -n "${CLEANUP_SQL:-}" ] || exec psql -XAtqw
		session_and_farewell
		exit
		;;
	dump | globals | facts | rewritten | version | probe) "$what" "$@" || exit 5 ;;
	*)
		usage >&2
		exit 2
		;;
	esac
	printf '%s\n' "$end_mark"
}

# --- By hand ---------------------------------------------------------------------------

fail() { # fail STATUS SENTENCE HINT
	failed=yes
	printf 'error: %s\nhint: %s\n' "$2" "$3" >&2
	exit "$1"
}

checksum() { if command -v sha256sum >/dev/null; then sha256sum "$@"; else shasum -a 256 "$@"; fi; }

# The schemas asked for, one per line: the part of a file's name that stands for it, a tab, the name. Capital
# letters are written as %41: some file systems take User and user for one file. The roles are `globals`.
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

# Holds the lock and the snapshot until the shell ends, however it ends.
open_session() {
	mkfifo "$work/ask"
	: >"$work/answer"
	sql <"$work/ask" >"$work/answer" 2>"$work/complaint" &
	session=$!
	exec 9>"$work/ask"
	printf "SELECT pg_try_advisory_lock(%s);\nBEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;\nSELECT pg_export_snapshot();\n" "$lock" >&9
	until [ "$(wc -l <"$work/answer")" -ge 2 ]; do
		kill -0 "$session" 2>/dev/null ||
			fail 5 "the database cannot be used: $(tail -n 1 "$work/complaint")" 'try: psql'
		sleep 0.1
	done
	{
		read -r free
		read -r snapshot
	} <"$work/answer"
	[ "$free" = t ] || fail 8 'another backup or restore of this database is at work' 'run it again when that has ended'
}

extensions_of() {
	sql -v schema="$1" <<'SQL'
\set facts `cat "$work/facts"`
SELECT e->>'name' FROM jsonb_array_elements(:'facts'::jsonb->'schemas') s, jsonb_array_elements(s->'extensions') e
WHERE s->>'schema' = :'schema';
SQL
}

# The part of the manifest that only the files tell, merged by the server, which knows JSON.
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
	sql -v id="$id" -v tool="$(version)" <<'SQL'
\set facts `cat "$work/facts"`
\set archives `cat "$work/archives"`
\set globals `cat "$work/globals"`
SELECT jsonb_pretty(jsonb_build_object('format', 1, 'id', :'id', 'kind', 'backup',
	'server', :'facts'::jsonb->'server',
	'tools', jsonb_build_object('aquastream', 'backup.sh', 'pgDump', :'tool'),
	'archives', (SELECT jsonb_agg(f || a) FROM jsonb_array_elements(:'facts'::jsonb->'schemas') f
		JOIN jsonb_array_elements(:'archives'::jsonb) a ON a->>'schema' = f->>'schema'),
	'extensions', :'facts'::jsonb->'extensions',
	'globals', :'globals'::jsonb));
SQL
}

# describe FILE: what the manifest says of it
describe() {
	printf '"file":"%s","bytes":%s,"sha256":"%s"' "$1" "$(($(wc -c <"$partial/$1")))" \
		"$(checksum "$partial/$1" | cut -c 1-64)"
}

clean_up() {
	status=$?
	exec 9>&-
	[ -z "${session:-}" ] || wait "$session" || true
	rm -rf "$work"
	[ -z "${partial:-}" ] || rm -rf "$partial"
	# A command that failed has said why, with a status of its own.
	case $status in
	0 | 130 | 143) ;;
	*) [ -n "${failed:-}" ] || fail 5 'the backup failed' 'mend what is said above; earlier backups are as they were' ;;
	esac
}

backup() {
	for program in psql pg_dump pg_dumpall gzip mkfifo; do
		command -v "$program" >/dev/null ||
			fail 3 "there is no $program on this machine" "install PostgreSQL's client tools, as new as the server"
	done
	mkdir -p "$dir" || fail 3 "$dir cannot be made" 'name another with --dir'
	# Exported for psql, which reads what is too long for an argument by itself.
	work=$(mktemp -d "${TMPDIR:-/tmp}/aquastream.XXXXXX")
	export work
	trap clean_up EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	# Two sets in one second, or a clock that was set back: the next second that is free.
	until
		id=$(date -u +%Y%m%dT%H%M%SZ)
		[ ! -e "$dir/$id" ]
	do sleep 1; done
	open_session
	# Whoever holds the lock is the only one who writes here by hand: what lies about is of runs that died.
	rm -rf "$dir"/.*.by-hand
	asked=$(json_list "$@")
	find_schemas "$asked" >"$work/schemas"
	if [ ! -s "$work/schemas" ] || [ "$(($(wc -l <"$work/schemas")))" -lt "$#" ]; then
		fail 5 "not every schema is there: $asked" "see which are: psql -c '\\dn'"
	fi
	names=$(sql -v all="$(cut -f 2- "$work/schemas")" <<'SQL'
SELECT json_agg(n) FROM regexp_split_to_table(:'all', '\n') n;
SQL
	)
	facts "$snapshot" "$names" >"$work/facts"
	partial=$dir/.$id.by-hand
	mkdir "$partial"
	while IFS='	' read -r stem schema; do
		file=${stem}_$id.sql.gz
		printf '%s\n' "$schema" >&2
		# Names of extensions have no spaces.
		# shellcheck disable=SC2046
		dump "$schema" "$snapshot" plain "$level" $(extensions_of "$schema") >"$partial/$file" ||
			fail 5 "$schema could not be dumped" 'mend what pg_dump says above'
		printf '{"schema":%s,"format":"plain","compression":"gzip",%s}' \
			"$(json_string "$schema")" "$(describe "$file")" >"$work/archive.$stem"
	done <"$work/schemas"
	[ "$(rewritten "$snapshot" "$names")" = '[]' ] ||
		fail 5 'a table was truncated or rewritten while the backup ran' 'run it again'
	globals >"$partial/globals_$id.sql.gz" || fail 5 'the roles could not be dumped' 'mend what pg_dumpall says above'
	printf '{%s}' "$(describe "globals_$id.sql.gz")" >"$work/globals"
	write_manifest >"$partial/manifest.json"
	(cd "$partial" && checksum -- * >.SHA256SUMS && mv .SHA256SUMS SHA256SUMS)
	sync
	[ ! -e "$dir/$id" ] || fail 5 "$dir/$id exists" 'run it again'
	mv "$partial" "$dir/$id"
	partial=
	echo "$dir/$id"
	rotate
}

rotate() {
	if ! command -v aquastream >/dev/null; then
		echo 'nothing was rotated: there is no aquastream on this machine' >&2
		return 0
	fi
	parent=$(dirname "$dir")
	case $(basename "$dir") in
	dev | stage | prod) aquastream db:rotate --profile "$(basename "$dir")" --dir "$parent" >&2 ;;
	*) echo "nothing was rotated: $dir belongs to no profile (dev, stage, prod)" >&2 ;;
	esac
}

dir=backups/by-hand
level=1
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
	--dir) dir=${2:?--dir needs a directory} && shift 2 ;;
	--level) level=${2:?--level needs a number} && shift 2 ;;
	--)
		shift
		break
		;;
	-*) fail 2 "there is no option $1" 'backup.sh --help lists them' ;;
	*) break ;;
	esac
done
case $level in [1-9]) ;; *) fail 2 "--level $level is not 1 to 9" 'backup.sh --help says more' ;; esac
backup "$@"

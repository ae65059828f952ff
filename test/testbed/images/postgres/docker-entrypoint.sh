#!/bin/bash
# Starts PostgreSQL in a way compatible with the official image, as far as the product and
# its tests rely on it: the POSTGRES_* variables, a first start that creates the database
# behind a socket only, init scripts, then the server with the arguments given.
set -Eeuo pipefail

fail() {
	printf 'error: %s\n' "$1" >&2
	exit 1
}

# file_env NAME DEFAULT: the value comes from NAME, or from the file that NAME_FILE names.
file_env() {
	local name=$1 file="${1}_FILE" value
	if [ -n "${!name:-}" ] && [ -n "${!file:-}" ]; then
		fail "$name and $file are both set; set one of them"
	fi
	value=${!name:-$2}
	if [ -n "${!file:-}" ]; then
		value=$(<"${!file}")
	fi
	export "$name=$value"
	unset "$file"
}

create_cluster() {
	local password_file=() arguments
	# Through the shell, so that quotes in the variable mean what they mean there.
	eval "arguments=(${POSTGRES_INITDB_ARGS:-})"
	if [ -n "$POSTGRES_PASSWORD" ]; then
		# A pipe, so that the password is neither in a file nor in the process list.
		exec {pipe}< <(printf '%s\n' "$POSTGRES_PASSWORD")
		password_file=(--pwfile="/dev/fd/$pipe")
	fi
	initdb -D "$PGDATA" --username="$POSTGRES_USER" "${password_file[@]}" "${arguments[@]}"
	# initdb uses `trust` for sockets and loopback, as in the official image; connections
	# over a network need the password.
	printf '\nhost all all all %s\n' "$POSTGRES_HOST_AUTH_METHOD" >>"$PGDATA/pg_hba.conf"
}

socket_server() {
	case $1 in
	start)
		shift 2
		pg_ctl -D "$PGDATA" -w start -o "${*@Q} -c listen_addresses=''"
		;;
	stop) pg_ctl -D "$PGDATA" -m fast -w stop ;;
	esac
}

run_sql() { # run_sql DATABASE ARGUMENTS…
	psql -v ON_ERROR_STOP=1 --no-psqlrc --username="$POSTGRES_USER" --dbname="$1" "${@:2}"
}

run_init_scripts() {
	local script
	for script in /docker-entrypoint-initdb.d/*; do
		case $script in
		*.sh)
			printf '%s: running %s\n' "$0" "$script"
			if [ -x "$script" ]; then
				"$script"
			else
				# shellcheck source=/dev/null
				. "$script"
			fi
			;;
		*.sql)
			printf '%s: running %s\n' "$0" "$script"
			run_sql "$POSTGRES_DB" -f "$script"
			;;
		*.sql.gz)
			printf '%s: running %s\n' "$0" "$script"
			gunzip -c "$script" | run_sql "$POSTGRES_DB"
			;;
		esac
	done
}

first_start() {
	file_env POSTGRES_PASSWORD ''
	file_env POSTGRES_USER postgres
	file_env POSTGRES_DB "$POSTGRES_USER"
	: "${POSTGRES_HOST_AUTH_METHOD:=scram-sha-256}"
	if [ -z "$POSTGRES_PASSWORD" ] && [ "$POSTGRES_HOST_AUTH_METHOD" != trust ]; then
		fail 'the database does not exist yet and POSTGRES_PASSWORD is empty; give the superuser a password'
	fi

	create_cluster
	socket_server start "$@"
	if [ "$POSTGRES_DB" != postgres ]; then
		run_sql postgres -v db="$POSTGRES_DB" <<<'CREATE DATABASE :"db";'
	fi
	run_init_scripts
	socket_server stop
	printf '\nPostgreSQL init process complete; ready for start up.\n\n'
}

if [ "${1:0:1}" = - ]; then
	set -- postgres "$@"
fi
if [ "${1:-}" = postgres ]; then
	if [ "$(id -u)" = 0 ]; then
		mkdir -p "$PGDATA"
		chown -R postgres:postgres "$PGDATA" /var/run/postgresql
		# Not the one of busybox, which cannot change the user.
		exec /usr/bin/setpriv --reuid=postgres --regid=postgres --init-groups "$0" "$@"
	fi
	mkdir -p "$PGDATA"
	# A directory that belongs to someone else may still have the right mode.
	chmod 0700 "$PGDATA" || true
	if [ ! -s "$PGDATA/PG_VERSION" ]; then
		first_start "$@"
	fi
fi
exec "$@"

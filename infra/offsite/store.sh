#!/bin/sh
# Saves and restores the data of Redis, and exchanges the data in the volume of MinIO or Redis. aquastream runs this script
# in a container with the volume at /data.
#
#   store.sh is-whole          exits with status 3 if an interrupted exchange or undo has left the data in two places
#   store.sh changes           prints a text that changes when something is written to the new data
#   store.sh save-redis        prints the data of the running server as an RDB file
#   store.sh prepare           ends what an interrupted run has left, and makes an empty directory for the new data
#   store.sh load-redis        makes the new data from an RDB file on stdin; prints the number of keys that do not expire
#   store.sh exchange          puts the new data in place, and the current data aside
#   store.sh undo              deletes the new data, and brings back the data that was put aside
#   store.sh finish            deletes the data that was put aside
#
# If `exchange` or `undo` is interrupted, the next `prepare` brings the data back that was put aside. After a whole
# `exchange`, the new data counts, because a service can have used it since: `prepare` deletes what was put aside. POSIX sh.
set -eu
umask 077
cd /data
new=/data/.aquastream-new
old=/data/.aquastream-old
# Exists when all the present data has been put aside.
aside=$old/.complete
# Exists when all the new data is in place.
exchanged=$old/.exchanged
dump=/data/.aquastream-dump.rdb
socket=/tmp/load.sock

# Calls a function with each entry of a directory.
each() { # each FUNCTION DIRECTORY
	for entry in "$2"/* "$2"/.[!.]* "$2"/..?*; do
		if [ -e "$entry" ] || [ -L "$entry" ]; then "$1" "$entry"; fi
	done
}

is_ours() {
	[ "$1" = "$new" ] || [ "$1" = "$old" ]
}

put_aside() {
	if is_ours "$1"; then return; fi
	mv "$1" "$old/"
}

put_back() {
	rm -rf "/data/${1##*/}"
	mv "$1" /data/
}

remove() {
	if is_ours "$1"; then return; fi
	rm -rf "$1"
}

put_in_place() {
	mv "$1" /data/
}

ask() { redis-cli -s "$socket" "$@"; }

field() { # field NAME: prints a field of INFO persistence
	ask INFO persistence | tr -d '\r' | sed -n "s/^$1://p"
}

# A key that expires can be gone at any time.
lasting_keys() {
	tr -d '\r' | sed -n 's/^db[0-9]*:keys=\([0-9]*\),expires=\([0-9]*\).*/\1 \2/p' |
		{
			sum=0
			while read -r keys expires; do sum=$((sum + keys - expires)); done
			echo "$sum"
		}
}

save_redis() {
	trap 'rm -f "$dump"' EXIT
	trap 'exit 1' INT TERM PIPE
	redis-cli --rdb "$dump" >&2
	redis-check-rdb "$dump" >&2
	cat "$dump"
}

# Starts a server on the new data, and waits until it has loaded the data.
start_redis() { # start_redis OPTION...
	redis-server --dir "$new" --port 0 --unixsocket "$socket" --save '' "$@" >&2 &
	server=$!
	until [ "$(ask PING 2>/dev/null)" = PONG ]; do
		kill -0 "$server" 2>/dev/null || exit 1
		sleep 0.1
	done
}

stop_redis() {
	ask SHUTDOWN NOSAVE >&2 || true
	wait "$server"
}

# A server with an append-only file ignores a dump, so one without it loads the dump and then begins the file. Another one
# shows that the file has all keys.
load_redis() {
	cat >"$new/dump.rdb"
	redis-check-rdb "$new/dump.rdb" >&2
	start_redis --appendonly no
	[ "$(ask CONFIG SET appendonly yes)" = OK ]
	until [ "$(field aof_rewrite_in_progress)$(field aof_rewrite_scheduled)" = 00 ]; do sleep 0.1; done
	[ "$(field aof_last_bgrewrite_status)" = ok ]
	[ "$(field aof_enabled)" = 1 ]
	keys=$(ask INFO keyspace | lasting_keys)
	stop_redis
	rm "$new/dump.rdb"
	start_redis --appendonly yes
	if [ "$(ask INFO keyspace | lasting_keys)" != "$keys" ]; then
		echo "store.sh: the append-only file does not have all $keys keys" >&2
		exit 1
	fi
	stop_redis
	echo "$keys"
}

undo() {
	rm -rf "$new"
	if [ ! -d "$old" ]; then return; fi
	rm -f "$exchanged"
	if [ -e "$aside" ]; then each remove /data; fi
	rm -f "$aside"
	each put_back "$old"
	rm -rf "$old"
}

# One rename decides: a part of the data that was put aside must not be brought back.
finish() {
	rm -rf "$new"
	if [ -d "$old" ]; then mv "$old" "$new"; fi
	rm -rf "$new"
}

# What was put aside is a part of the data until all the new data is in place, and again while it is brought back.
is_whole() {
	if [ -d "$old" ] && [ ! -e "$exchanged" ]; then return 3; fi
}

# The time of the last change of each file, because its size can be reserved before its content is written.
changes() {
	# If the files cannot be listed, they may have changed.
	{ ls -ARnc --full-time "$new" || date; } | cksum
}

case ${1:-} in
is-whole) is_whole ;;
changes) changes ;;
save-redis) save_redis ;;
prepare)
	if [ -e "$exchanged" ]; then finish; else undo; fi
	mkdir "$new"
	;;
load-redis) load_redis ;;
exchange)
	mkdir -p "$old"
	each put_aside /data
	: >"$aside"
	each put_in_place "$new"
	rmdir "$new"
	: >"$exchanged"
	;;
undo) undo ;;
finish) finish ;;
*)
	echo 'store.sh: unknown command' >&2
	exit 2
	;;
esac

#!/bin/sh
# As in the official image: options, and names that are no program, are for node.
set -eu
case ${1:-} in
-*) set -- node "$@" ;;
*)
	if [ $# -gt 0 ] && ! command -v "$1" >/dev/null; then
		set -- node "$@"
	fi
	;;
esac
exec "$@"

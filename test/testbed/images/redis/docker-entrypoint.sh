#!/bin/sh
set -eu
# As in the official image: options or a configuration file alone mean the server.
case ${1:-} in
-* | *.conf) set -- redis-server "$@" ;;
esac
if [ "${1:-}" = redis-server ]; then
	# The official build answers other containers even without a password; Debian's refuses
	# them unless told otherwise.
	case " $* " in
	*protected-mode* | *' --version '* | *' -v '* | *' --help '* | *' -h '*) ;;
	*) set -- "$@" --protected-mode no ;;
	esac
	if [ "$(id -u)" = 0 ]; then
		chown -R redis:redis .
		# Not the one of busybox, which cannot change the user.
		exec /usr/bin/setpriv --reuid=redis --regid=redis --init-groups "$@"
	fi
fi
exec "$@"

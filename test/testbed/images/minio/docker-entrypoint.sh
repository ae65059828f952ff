#!/bin/sh
# As in the official image, every argument goes to minio: `server /data` and `minio server
# /data` are the same, and a shell or mc needs another entrypoint.
set -eu
if [ "${1:-minio}" != minio ]; then
	set -- minio "$@"
fi
exec "$@"

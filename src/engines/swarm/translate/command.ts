import type {ComposeService} from './compose-file.js'
import {withSecrets} from './secrets.js'
import type {ContainerSpec} from './spec.js'

/** An image as Swarm has to run it. */
export interface PinnedImage {
  /** The ID of the image, which is the same whatever it is pinned to. */
  id: string
  /** A digest of a registry, or the ID of the image: a tag may be another image after a crash. */
  pinned: string
  entrypoint: string[]
  command: string[]
}

/**
 * Two containers of a data service must never use one volume: Swarm starts a new task when the old one has not stopped
 * within a minute, or when its node does not answer. The second one waits until the first has released the lock, which the
 * kernel does when its last process ends. $0 is the directory.
 */
const GUARD = `exec 9<"$0"
if ! command -v flock >/dev/null; then echo 'this image has no flock; nothing guards the volume' >&2
elif ! flock -n 9; then echo 'another container uses this volume; waiting until it has ended' >&2; flock 9; fi
exec "$@"`

/**
 * The old and the new container of an update share /tmp, and in both the JVM is process 1: they would write the same files.
 * Each gets a directory of its own, with a lock on it for as long as it runs, and removes those that nobody locks: the file
 * system in memory stays as long as one of them uses it.
 */
const OWN_TMP = `own="/tmp/$HOSTNAME"
if mkdir -p "$own" && exec 9>"$own/.lock"; then
  if command -v flock >/dev/null; then
    flock -n 9
    for lock in /tmp/*/.lock; do
      other="\${lock%/.lock}"
      if [ "$other" != "$own" ] && flock -n "$lock" true; then rm -rf "$other" "/tmp/.ready-\${other#/tmp/}"; fi
    done
  fi
  export TMPDIR="$own" JAVA_TOOL_OPTIONS="$JAVA_TOOL_OPTIONS -Djava.io.tmpdir=$own -XX:-UsePerfData"
fi
exec "$@"`

/** Returns the command of a container, with what has to be done before it. */
export function commandOf(
  {entrypoint, command, volumes}: ComposeService,
  image: PinnedImage,
  {isData, isBackend, exported}: {isData: boolean; isBackend: boolean; exported: boolean},
): Pick<ContainerSpec, 'Command' | 'Args'> {
  if (!isData && !isBackend && !exported) {
    return {...(entrypoint && {Command: entrypoint}), ...(command && {Args: command})}
  }
  const own = entrypoint ?? image.entrypoint
  const args = command ?? (entrypoint ? [] : image.command)
  const guarded = isData ? ['sh', '-c', GUARD, volumes[0]!.target, ...own] : own
  if (isBackend) return {Command: ['sh', '-c', OWN_TMP, 'own-tmp', ...own], Args: args}
  return {Command: exported ? withSecrets(guarded) : guarded, Args: args}
}

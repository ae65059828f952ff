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
  {entrypoint, command}: ComposeService,
  image: PinnedImage,
  {isBackend, exported}: {isBackend: boolean; exported: boolean},
): Pick<ContainerSpec, 'Command' | 'Args'> {
  if (!isBackend && !exported) {
    return {...(entrypoint && {Command: entrypoint}), ...(command && {Args: command})}
  }
  const own = entrypoint ?? image.entrypoint
  const args = command ?? (entrypoint ? [] : image.command)
  return {Command: isBackend ? ['sh', '-c', OWN_TMP, 'own-tmp', ...own] : withSecrets(own), Args: args}
}

import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {closeSync, openSync} from 'node:fs'
import {access, readFile, rename, rm} from 'node:fs/promises'
import {fileURLToPath} from 'node:url'
import {AquastreamError} from '../../errors.js'
import {succeeds} from '../../system/succeeds.js'
import {lastLines} from '../../system/text/last-lines.js'
import {askStates, askToStop, isListening, sendSpecs} from './client.js'
import type {StackDirectory} from './stack-directory/stack-directory.js'
import {withStackDirectoryLock} from './stack-directory/lock.js'
import {createStackDirectory} from './stack-directory/create.js'
import {endOrphans} from './stack-directory/orphans.js'
import {requireNotElsewhere} from './stack-directory/other-host.js'
import type {RunOrder, ServiceSpec} from './service-spec.js'

/** Sends services to the supervisor of a stack; starts the supervisor if none is running. */
export async function runServices(stackDirectory: StackDirectory, order: RunOrder): Promise<void> {
  await withStackDirectoryLock(stackDirectory, async () => {
    await createStackDirectory(stackDirectory)
    if ((await isListening(stackDirectory)) && (await succeeds(sendSpecs(stackDirectory, order)))) return
    await requireNotElsewhere(stackDirectory)
    // A supervisor that does not respond hangs, and is stopped like an orphan.
    await endOrphans(stackDirectory)
    await launch(stackDirectory, order.specs)
  })
}

/** Stops the supervisor with all its services, or the orphans of a dead supervisor; deletes data with `volumes`. */
export async function stopAll(
  stackDirectory: StackDirectory,
  {volumes}: {volumes: boolean},
  signal: AbortSignal,
): Promise<void> {
  if (!(await succeeds(access(stackDirectory.path))) && !(await succeeds(access(stackDirectory.deleted))))
    return
  await withStackDirectoryLock(stackDirectory, async () => {
    if ((await isListening(stackDirectory)) && (await succeeds(askStates(stackDirectory, {signal}))))
      await succeeds(askToStop(stackDirectory, signal))
    signal.throwIfAborted()
    await requireNotElsewhere(stackDirectory)
    await endOrphans(stackDirectory)
    if (volumes) await deleteStackDirectory(stackDirectory)
  })
}

/** Renames the directory first, so that a partly deleted database is never mistaken for a complete one. */
async function deleteStackDirectory(stackDirectory: StackDirectory): Promise<void> {
  await rm(stackDirectory.deleted, {recursive: true, force: true})
  await succeeds(rename(stackDirectory.path, stackDirectory.deleted))
  await rm(stackDirectory.deleted, {recursive: true, force: true})
}

const SUPERVISOR = fileURLToPath(new URL('supervisor/main.js', import.meta.url))

/** The services contain secrets and are sent by IPC: any process can read arguments, and a file would remain. */
async function launch(stackDirectory: StackDirectory, specs: ServiceSpec[]): Promise<void> {
  const log = openSync(stackDirectory.log('supervisor'), 'a', 0o600)
  const child = spawn(process.execPath, [SUPERVISOR, stackDirectory.path], {
    cwd: stackDirectory.path,
    detached: true,
    stdio: ['ignore', log, log, 'ipc'],
    env: supervisorEnvironment(),
  })
  closeSync(log)
  child.send(specs)
  const [outcome] = (await Promise.race([once(child, 'message'), once(child, 'exit')])) as [unknown]
  if (outcome !== 'ready') {
    const words = await readFile(stackDirectory.log('supervisor'), 'utf8').catch(() => '')
    throw new AquastreamError('engine-failed', 'the supervisor of the embedded engine could not start', {
      hint: 'fix the error reported by the supervisor, then run the command again',
      evidence: [{title: 'log of the supervisor', lines: lastLines(words, 12)}],
    })
  }
  if (child.connected) child.disconnect()
  child.unref()
}

/** The environment of the supervisor must not contain the secrets of this process. */
function supervisorEnvironment(): NodeJS.ProcessEnv {
  const {PATH, HOME, TMPDIR} = process.env
  return {TZ: 'UTC', ...(PATH && {PATH}), ...(HOME && {HOME}), ...(TMPDIR && {TMPDIR})}
}

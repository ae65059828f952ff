import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {closeSync, openSync} from 'node:fs'
import {access, readFile, rename, rm} from 'node:fs/promises'
import {fileURLToPath} from 'node:url'
import {AquastreamError} from '../../errors.js'
import {succeeds} from '../../system/succeeds.js'
import {lastLines} from '../../system/text/last-lines.js'
import {askStates, askToStop, isListening, sendSpecs} from './client.js'
import type {Home} from './home/home.js'
import {withHomeLock} from './home/lock.js'
import {makeHome} from './home/make-home.js'
import {endOrphans} from './home/orphans.js'
import {requireNotElsewhere} from './home/other-host.js'
import type {RunOrder, ServiceSpec} from './service-spec.js'

/** Sends services to the supervisor of a stack; starts the supervisor if none is running. */
export async function runServices(home: Home, order: RunOrder): Promise<void> {
  await withHomeLock(home, async () => {
    await makeHome(home)
    if ((await isListening(home)) && (await succeeds(sendSpecs(home, order)))) return
    await requireNotElsewhere(home)
    // A supervisor that does not respond hangs, and is ended like an orphan.
    await endOrphans(home)
    await launch(home, order.specs)
  })
}

/** Stops the supervisor with all its services, or the orphans of a dead supervisor; deletes data with `volumes`. */
export async function stopAll(home: Home, {volumes}: {volumes: boolean}, signal: AbortSignal): Promise<void> {
  if (!(await succeeds(access(home.path))) && !(await succeeds(access(home.deleted)))) return
  await withHomeLock(home, async () => {
    if ((await isListening(home)) && (await succeeds(askStates(home, {signal}))))
      await succeeds(askToStop(home, signal))
    signal.throwIfAborted()
    await requireNotElsewhere(home)
    await endOrphans(home)
    if (volumes) await deleteHome(home)
  })
}

/** Renames the directory first, so that a partly deleted database is never mistaken for a complete one. */
async function deleteHome(home: Home): Promise<void> {
  await rm(home.deleted, {recursive: true, force: true})
  await succeeds(rename(home.path, home.deleted))
  await rm(home.deleted, {recursive: true, force: true})
}

const SUPERVISOR = fileURLToPath(new URL('supervisor/main.js', import.meta.url))

/** The services contain secrets and are sent by IPC: any process can read arguments, and a file would remain. */
async function launch(home: Home, specs: ServiceSpec[]): Promise<void> {
  const log = openSync(home.log('supervisor'), 'a', 0o600)
  const child = spawn(process.execPath, [SUPERVISOR, home.path], {
    cwd: home.path,
    detached: true,
    stdio: ['ignore', log, log, 'ipc'],
    env: supervisorEnvironment(),
  })
  closeSync(log)
  child.send(specs)
  const [outcome] = (await Promise.race([once(child, 'message'), once(child, 'exit')])) as [unknown]
  if (outcome !== 'ready') {
    const words = await readFile(home.log('supervisor'), 'utf8').catch(() => '')
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

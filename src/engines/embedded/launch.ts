import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {closeSync, openSync} from 'node:fs'
import {access, readFile, rename, rm} from 'node:fs/promises'
import {fileURLToPath} from 'node:url'
import {AquastreamError} from '../../errors.js'
import {succeeds} from '../../system/succeeds.js'
import {lastLines} from '../../system/text/last-lines.js'
import {askStates, askToStop, isListening, sendWork} from './client.js'
import type {Home} from './home/home.js'
import {withHomeLock} from './home/lock.js'
import {makeHome} from './home/make-home.js'
import {endLeftovers} from './home/orphans.js'
import {requireNotElsewhere} from './home/other-host.js'
import type {Work} from './service-spec.js'

/** Has the supervisor of the home take on work; starts one if there is none. */
export async function runWorks(home: Home, works: Work[]): Promise<void> {
  await withHomeLock(home, async () => {
    await makeHome(home)
    if ((await isListening(home)) && (await succeeds(sendWork(home, works)))) return
    await requireNotElsewhere(home)
    // One that is there and does not answer hangs; it is a leftover too.
    await endLeftovers(home)
    await launch(home, works)
  })
}

/** Ends the supervisor and all that it runs, or what is left of it; with `volumes`, the data goes too. */
export async function stopAll(home: Home, {volumes}: {volumes: boolean}, signal: AbortSignal): Promise<void> {
  if (!(await succeeds(access(home.path))) && !(await succeeds(access(home.deleted)))) return
  await withHomeLock(home, async () => {
    if ((await isListening(home)) && (await succeeds(askStates(home, {signal}))))
      await succeeds(askToStop(home, signal))
    signal.throwIfAborted()
    await requireNotElsewhere(home)
    await endLeftovers(home)
    if (volumes) await deleteHome(home)
  })
}

/** Put aside first: half of a database that was being deleted would be taken for a whole one. */
async function deleteHome(home: Home): Promise<void> {
  await rm(home.deleted, {recursive: true, force: true})
  await succeeds(rename(home.path, home.deleted))
  await rm(home.deleted, {recursive: true, force: true})
}

const SUPERVISOR = fileURLToPath(new URL('supervisor/main.js', import.meta.url))

/** The work goes by a message: every process could read arguments, and whoever finds it later a file. */
async function launch(home: Home, works: Work[]): Promise<void> {
  const log = openSync(home.log('supervisor'), 'a', 0o600)
  const child = spawn(process.execPath, [SUPERVISOR, home.path], {
    cwd: home.path,
    detached: true,
    stdio: ['ignore', log, log, 'ipc'],
    env: supervisorEnvironment(),
  })
  closeSync(log)
  child.send(works)
  const [outcome] = (await Promise.race([once(child, 'message'), once(child, 'exit')])) as [unknown]
  if (outcome !== 'ready') {
    const words = await readFile(home.log('supervisor'), 'utf8').catch(() => '')
    throw new AquastreamError('engine-failed', 'the supervisor of the embedded engine could not start', {
      hint: 'mend what it says, then run the same command again',
      evidence: [{title: 'the supervisor says', lines: lastLines(words, 12)}],
    })
  }
  if (child.connected) child.disconnect()
  child.unref()
}

/** None of the secrets that are in ours. */
function supervisorEnvironment(): NodeJS.ProcessEnv {
  const {PATH, HOME, TMPDIR} = process.env
  return {TZ: 'UTC', ...(PATH && {PATH}), ...(HOME && {HOME}), ...(TMPDIR && {TMPDIR})}
}

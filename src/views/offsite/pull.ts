import type {ProgressUpdate} from '../../cli/progress/printer.js'
import {count} from '../../cli/terminal/count.js'
import {printable} from '../../cli/terminal/printable.js'
import {wrap} from '../../cli/terminal/wrap.js'
import type {FetchEvent} from '../../offsite/transfer/fetch.js'
import type {PullEvent, PullPlan, PullReport} from '../../offsite/pull.js'
import type {RestoredStore, RestoreEvent} from '../../offsite/stores/restore-stores.js'
import {size} from '../../system/text/size.js'
import {noticeUpdate} from '../notice.js'
import {narrowerText} from '../db/restore.js'

/** The tasks of a copy, which run one after the other. */
const FETCH_TASKS = [['copy'], ['verify']]

/** Turns an event of a backup that is copied from the off-site repository into a progress update. */
function fetchUpdate({id, state, bytes, total}: FetchEvent): ProgressUpdate {
  switch (state) {
    case 'copying':
      return {
        task: 'copy',
        state: 'running',
        detail: `${id}, ${size(bytes)} of ${size(total)}`,
        transient: true,
      }
    case 'copied':
      return {task: 'copy', state: 'done', detail: `${id}, ${size(total)}`}
    case 'verifying':
      return {task: 'verify', state: 'running', detail: 'comparing checksums'}
    case 'done':
      return {task: 'verify', state: 'done', detail: 'all checksums match'}
  }
}

/** Returns the tasks of a pull. */
export function pullTasks(stores: RestoreEvent['store'][]): string[][] {
  return [...FETCH_TASKS, ...stores.map(store => [store])]
}

/** Turns an event of a pull into a progress update. */
export function pullUpdate(event: PullEvent): ProgressUpdate {
  switch (event.type) {
    case 'fetch':
      return fetchUpdate(event)
    case 'restore':
      return restoreUpdate(event)
    case 'unreadable':
      return note(`${event.message}; one can be of a newer backup`)
    case 'narrower-backup':
      return note(narrowerText(event))
    case 'snapshots':
      return note(
        `backup ${event.id} has ${event.savedAt.length} snapshots, made at ${event.savedAt.map(timeText).join(', ')}; the first of these that is complete is fetched`,
      )
    case 'damaged-copy':
      return note(`${event.message}; the next copy, of ${timeText(event.next)}, is tried`)
  }
}

function note(text: string): ProgressUpdate {
  return noticeUpdate(printable(text))
}

function timeText(time: Date): string {
  return time.toISOString().replace(/\.\d+/, '')
}

function restoreUpdate(event: RestoreEvent): ProgressUpdate {
  const {store: task, state, bytes} = event
  switch (state) {
    case 'copying':
      return {task, state: 'running', detail: `copying, ${size(bytes)}`, transient: true}
    case 'starting':
      return {task, state: 'running', detail: 'starting the service'}
    case 'checking':
      return {task, state: 'running', detail: `reading the objects, ${size(bytes)}`, transient: true}
    case 'done':
      return {task, state: 'done', detail: 'checked'}
  }
}

/** Returns what a restore of stores would overwrite, and with what. */
export function pullLoss({id, stack: {project}, stores}: PullPlan): string {
  const what = stores.map(({store}) => (store === 'media' ? 'the media files' : 'the data of Redis'))
  const copies = stores.map(({store, copies}) => {
    const time = timeText(new Date(copies[0]!.savedAt))
    return `${store} of ${time}${copies.length > 1 ? `, the first of ${copies.length} copies` : ''}`
  })
  return `This replaces ${what.join(' and ')} of project ${project} with those saved with backup ${id} (${copies.join('; ')})`
}

function restoredText(one: RestoredStore): string {
  const time = timeText(new Date(one.savedAt))
  return one.store === 'media'
    ? `Media of ${time} were restored: ${count(one.objects)} objects, ${size(one.bytes)}, all compared with their checksums.`
    : `Redis of ${time} was restored: ${count(one.keys)} keys that do not expire.`
}

/**
 * Renders where the backup is, and the command that restores it.
 * @param flags the location flags, which the command repeats
 */
export function pullSummary(
  {repository, id, path, bytes, fetched, restored}: PullReport,
  flags: string,
): string {
  const sentence = fetched
    ? `Backup ${id} was copied from ${repository} and verified: ${size(bytes)}.`
    : `Backup ${id} is on this machine already, and its checksums match.`
  const next = `aquastream db:restore --all --from ${id} ${flags}`
  const sentences = [sentence, ...restored.map(restoredText)].map(one => wrap(one, 0, process.stdout))
  return [...sentences, '', `  ${path}`, '', `  ${next}`].join('\n')
}

import type {ProgressUpdate} from '../../cli/progress/printer.js'
import {wrap} from '../../cli/terminal/wrap.js'
import type {FetchEvent} from '../../offsite/transfer/fetch.js'
import type {PullReport} from '../../offsite/pull.js'
import {size} from '../../system/text/size.js'

/** The tasks of a copy, which run one after the other. */
export const FETCH_TASKS = [['copy'], ['verify']]

/** Turns an event of a backup that is copied from the off-site repository into a progress update. */
export function fetchUpdate({id, state, bytes, total}: FetchEvent): ProgressUpdate {
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

/**
 * Renders where the backup is, and the command that restores it.
 * @param flags the location flags, which the command repeats
 */
export function pullSummary({repository, id, path, bytes, fetched}: PullReport, flags: string): string {
  const sentence = fetched
    ? `Backup ${id} was copied from ${repository} and verified: ${size(bytes)}.`
    : `Backup ${id} is on this machine already.`
  const next = `aquastream db:restore --all --from ${id} ${flags}`
  return [wrap(sentence, 0, process.stdout), '', `  ${path}`, '', `  ${next}`].join('\n')
}

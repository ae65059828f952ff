import type {ProgressUpdate} from '../../cli/progress/printer.js'
import {printable} from '../../cli/terminal/printable.js'
import {type Column, renderTable} from '../../cli/terminal/table.js'
import {wrap} from '../../cli/terminal/wrap.js'
import type {CheckEvent, CheckReport} from '../../offsite/check.js'

/** The tasks of a check, in the order in which they run. */
export const CHECK_TASKS = [['locks'], ['check']]

/** Turns an event of `offsite:check` into a progress update. */
export function checkUpdate({step, state}: CheckEvent): ProgressUpdate {
  return {task: step, state, detail: state === 'done' ? 'done' : 'started'}
}

const COLUMNS: Column<CheckReport['locks'][number]>[] = [
  {title: 'lock', priority: 2, cell: ({id}) => id},
  {title: 'host', priority: 0, cell: ({host}) => printable(host)},
  {title: 'pid', priority: 1, cell: ({pid}) => String(pid)},
  {title: 'age', priority: 0, cell: ({ageMinutes}) => `${ageMinutes}m`},
  {title: 'state', priority: 0, cell: ({stale}) => (stale ? 'stale' : 'in use')},
]

/** Renders what was checked, and the locks. */
export function checkSummary({repository, subset, locks, locksBefore, locksAfter}: CheckReport): string {
  const sentences = [
    `The off-site repository ${repository} has no errors.`,
    subset === null
      ? 'Its data was not read; to check it as well, add --read-data-subset 10%.'
      : `Part of its data that was read: ${subset}.`,
    ...(locksBefore > locksAfter ? [`Locks removed: ${locksBefore - locksAfter}.`] : []),
  ].map(sentence => wrap(sentence, 0, process.stdout))
  return [...sentences, ...(locks.length > 0 ? ['', renderTable(COLUMNS, locks)] : [])].join('\n')
}

import chalk from 'chalk'
import type {VerifiedSet, VerifyEvent, VerifyReport} from '../../backup/verify.js'
import type {ProgressUpdate} from '../../cli/progress/printer.js'
import {count} from '../../cli/terminal/count.js'
import {type Column, renderTable} from '../../cli/terminal/table.js'
import {size} from '../../system/text/size.js'
import {noticeUpdate} from '../notice.js'

/** Turns an event of `db:verify` into a progress update. */
export function verifyUpdate({id, state, detail}: VerifyEvent): ProgressUpdate {
  if (state === 'deleted') return noticeUpdate(`backup ${id} ${detail}`)
  return {
    task: 'verify',
    state: 'running',
    detail: `${id} ${detail}`,
    ...(state === 'done' && {transient: true}),
  }
}

const COLUMNS: Column<VerifiedSet>[] = [
  {title: 'backup', priority: 0, cell: ({id}) => id},
  {title: 'result', priority: 0, cell: ({valid}) => (valid ? chalk.green('valid') : chalk.red('damaged'))},
  {title: 'archives', priority: 3, cell: ({archives}) => String(archives)},
  {title: 'rows', priority: 2, cell: ({rows}) => count(rows)},
  {title: 'size', priority: 1, cell: ({bytes}) => size(bytes)},
]
const RESTORE_TIME: Column<VerifiedSet> = {
  title: 'restored in',
  priority: 1,
  cell: ({restoreSeconds}) => (restoreSeconds === undefined ? '-' : `${restoreSeconds} s`),
}

/** Renders one row per backup; with test restores, also how long each took. */
export function verifyTable({sets}: VerifyReport): string {
  const hasRestores = sets.some(({restoreSeconds}) => restoreSeconds !== undefined)
  return renderTable(hasRestores ? [...COLUMNS, RESTORE_TIME] : COLUMNS, sets)
}

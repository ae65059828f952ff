import chalk from 'chalk'
import type {Verdict, VerifyEvent, VerifyReport} from '../../backup/verify.js'
import type {ProgressUpdate} from '../../cli/progress/printer.js'
import {count} from '../../cli/terminal/count.js'
import {type Column, renderTable} from '../../cli/terminal/table.js'
import {size} from '../../system/text/size.js'

export function verifyUpdate({id, state, detail}: VerifyEvent): ProgressUpdate {
  return {
    task: 'verify',
    state: 'running',
    detail: `${id} ${detail}`,
    ...(state === 'done' && {passing: true}),
  }
}

const COLUMNS: Column<Verdict>[] = [
  {title: 'backup', gives: 0, cell: ({id}) => id},
  {title: 'verdict', gives: 0, cell: ({good}) => (good ? chalk.green('good') : chalk.red('damaged'))},
  {title: 'archives', gives: 3, cell: ({archives}) => String(archives)},
  {title: 'rows', gives: 2, cell: ({rows}) => count(rows)},
  {title: 'size', gives: 1, cell: ({bytes}) => size(bytes)},
]
const RESTORED: Column<Verdict> = {
  title: 'restored in',
  gives: 1,
  cell: ({restoreSeconds}) => (restoreSeconds === undefined ? '-' : `${restoreSeconds} s`),
}

export function verifyTable({sets}: VerifyReport): string {
  const rehearsed = sets.some(({restoreSeconds}) => restoreSeconds !== undefined)
  return renderTable(rehearsed ? [...COLUMNS, RESTORED] : COLUMNS, sets)
}

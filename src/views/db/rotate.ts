import chalk from 'chalk'
import type {RotateEvent, RotationReport} from '../../backup/rotate.js'
import type {ProgressUpdate} from '../../cli/progress/printer.js'
import {ago} from '../../cli/terminal/ago.js'
import {printable} from '../../cli/terminal/printable.js'
import {type Column, renderFitting} from '../../cli/terminal/table.js'
import {wrap} from '../../cli/terminal/wrap.js'
import {size} from '../../system/text/size.js'
import {keepReasons, keepWords} from './keep-reasons.js'

interface Row {
  id: string
  takenAt: string
  bytes: number
  action: string
  why: string[]
  short: string
}

export function rotateUpdate({id, done, total}: RotateEvent): ProgressUpdate {
  return {task: 'delete', state: done === total ? 'done' : 'running', detail: `${id}, ${done} of ${total}`}
}

/** Every set with what becomes of it and why, newest first; then the sum. */
export function rotateSummary(report: RotationReport): string {
  const rows = toRows(report)
  if (rows.length === 0) return wrap(`There are no backups in ${report.directory}.`, 0, process.stdout)
  return [
    chalk.dim(report.directory),
    renderFitting(LAYOUTS, rows),
    '',
    ...sentences(report).map(sentence => wrap(sentence, 0, process.stdout)),
  ].join('\n')
}

const id: Column<Row> = {title: 'id', gives: 0, cell: row => row.id}
const age: Column<Row> = {title: 'age', gives: 0, cell: row => ago(new Date(row.takenAt))}
const sizeColumn: Column<Row> = {title: 'size', gives: 0, cell: row => size(row.bytes)}
const action: Column<Row> = {title: 'action', gives: 0, cell: row => colour(row)(row.action)}
const why: Column<Row> = {title: 'why', gives: 0, cell: row => row.why.join(', ')}
const lines: Column<Row> = {title: 'why', gives: 0, cell: row => pack(row.why, WHY_WIDTH)}
const short: Column<Row> = {title: 'rotation', gives: 0, cell: row => colour(row)(row.short)}

/** What is left of 80 columns beside the ID and the action. */
const WHY_WIDTH = 54

/** From the widest to that of a terminal of 40 columns. */
const LAYOUTS = [
  [id, age, sizeColumn, action, why],
  [id, age, action, why],
  [id, action, lines],
  [id, short],
]

/** As many reasons in a line as fit. */
function pack(reasons: string[], width: number): string {
  return reasons.reduce((text, reason) => {
    const line = text.slice(text.lastIndexOf('\n') + 1)
    if (text === '') return reason
    return text + (line.length + reason.length + 2 > width ? ',\n' : ', ') + reason
  }, '')
}

function toRows({kept, deleted, ignored, dryRun}: RotationReport): Row[] {
  const gone = dryRun ? 'delete' : 'deleted'
  return [
    ...kept.map(({reasons, schemas, ...set}) => ({
      ...set,
      action: 'keep',
      why: keepReasons(reasons, schemas).map(printable),
      short: keepWords(reasons),
    })),
    ...deleted.map(set => ({...set, action: gone, why: ['no rule needs it'], short: gone})),
    ...ignored.map(({reason, ...set}) => ({
      ...set,
      action: 'ignore',
      why: [printable(reason)],
      short: `ignore: ${set.state}`,
    })),
  ].sort((a, b) => (a.id < b.id ? 1 : -1))
}

function colour(row: Row): (text: string) => string {
  if (row.action === 'keep') return chalk.green
  return row.action === 'ignore' ? chalk.yellow : chalk.red
}

function sentences({kept, deleted, ignored, leftovers, dryRun}: RotationReport): string[] {
  const bytes = deleted.reduce((sum, set) => sum + set.bytes, 0)
  const freed = deleted.length > 0 ? `, ${size(bytes)}` : ''
  return [
    dryRun
      ? `A rotation would keep ${kept.length} and delete ${deleted.length}${freed}. Nothing was changed.`
      : `Kept ${kept.length}, deleted ${deleted.length}${freed}.`,
    ...(ignored.length > 0 ? [`Ignored ${ignored.length}: what is not complete is never touched.`] : []),
    ...(leftovers.length > 0
      ? [`${dryRun ? 'It would also remove' : 'Also removed'} what ended runs left: ${leftovers.join(', ')}.`]
      : []),
  ]
}

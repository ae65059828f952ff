import chalk from 'chalk'
import type {RotateEvent, RotationReport} from '../../backup/rotate.js'
import type {ProgressUpdate} from '../../cli/progress/printer.js'
import {ago} from '../../cli/terminal/ago.js'
import {printable} from '../../cli/terminal/printable.js'
import {type Column, renderFitting} from '../../cli/terminal/table.js'
import {wrap} from '../../cli/terminal/wrap.js'
import {size} from '../../system/text/size.js'
import {keepReasons, keepSummary} from './keep-reasons.js'

/** One line of the table of a rotation. */
export interface RotationRow {
  id: string
  takenAt: string
  bytes: number
  action: string
  reasons: string[]
  short: string
}

/** Turns an event of `db:rotate` into a progress update. */
export function rotateUpdate({id, done, total}: RotateEvent): ProgressUpdate {
  return {task: 'delete', state: done === total ? 'done' : 'running', detail: `${id}, ${done} of ${total}`}
}

/** Renders each backup with its action and the reasons, newest first, and the totals. */
export function rotateSummary(report: RotationReport): string {
  const rows = toRows(report)
  if (rows.length === 0) return wrap(`There are no backups in ${report.directory}.`, 0, process.stdout)
  return [
    chalk.dim(report.directory),
    renderRotation(rows),
    '',
    ...sentences(report).map(sentence => wrap(sentence, 0, process.stdout)),
  ].join('\n')
}

/** Renders the action for each backup and the reasons, in the widest layout that fits the terminal. */
export function renderRotation(rows: RotationRow[]): string {
  return renderFitting(LAYOUTS, rows)
}

const id: Column<RotationRow> = {title: 'id', priority: 0, cell: row => row.id}
const age: Column<RotationRow> = {title: 'age', priority: 0, cell: row => ago(new Date(row.takenAt))}
const sizeColumn: Column<RotationRow> = {title: 'size', priority: 0, cell: row => size(row.bytes)}
const action: Column<RotationRow> = {title: 'action', priority: 0, cell: row => color(row)(row.action)}
const reason: Column<RotationRow> = {title: 'reason', priority: 0, cell: row => row.reasons.join(', ')}
const brokenReason: Column<RotationRow> = {
  title: 'reason',
  priority: 0,
  cell: row => breakLines(row.reasons, REASON_WIDTH),
}
const short: Column<RotationRow> = {title: 'rotation', priority: 0, cell: row => color(row)(row.short)}

/** The width that remains for the reason next to ID and action, in a terminal of 80 columns. */
const REASON_WIDTH = 54

/** The layouts, widest first; the last one fits 40 columns. */
const LAYOUTS = [
  [id, age, sizeColumn, action, reason],
  [id, age, action, reason],
  [id, action, brokenReason],
  [id, short],
]

/** Joins reasons by commas, and starts a new line where the next reason does not fit. */
function breakLines(reasons: string[], width: number): string {
  return reasons.reduce((text, reason) => {
    const line = text.slice(text.lastIndexOf('\n') + 1)
    if (text === '') return reason
    return text + (line.length + reason.length + 2 > width ? ',\n' : ', ') + reason
  }, '')
}

function toRows({kept, deleted, ignored, dryRun}: RotationReport): RotationRow[] {
  const deletion = dryRun ? 'delete' : 'deleted'
  return [
    ...kept.map(({reasons, schemas, ...set}) => ({
      ...set,
      action: 'keep',
      reasons: keepReasons(reasons, schemas).map(printable),
      short: keepSummary(reasons),
    })),
    ...deleted.map(set => ({...set, action: deletion, reasons: ['not kept by any rule'], short: deletion})),
    ...ignored.map(({reason: cause, ...set}) => ({
      ...set,
      action: 'ignore',
      reasons: [printable(cause)],
      short: `ignore: ${set.state}`,
    })),
  ].sort((a, b) => (a.id < b.id ? 1 : -1))
}

function color(row: RotationRow): (text: string) => string {
  if (row.action === 'keep') return chalk.green
  return row.action === 'ignore' ? chalk.yellow : chalk.red
}

function sentences({kept, deleted, ignored, leftovers, dryRun}: RotationReport): string[] {
  const bytes = deleted.reduce((sum, set) => sum + set.bytes, 0)
  const freed = deleted.length > 0 ? ` (${size(bytes)})` : ''
  return [
    dryRun
      ? `Backups to keep: ${kept.length}, to delete: ${deleted.length}${freed}. Nothing was changed.`
      : `Backups kept: ${kept.length}, deleted: ${deleted.length}${freed}.`,
    ...(ignored.length > 0
      ? [`Backups ignored: ${ignored.length}. Rotation deletes only complete backups.`]
      : []),
    ...(leftovers.length > 0
      ? [
          `${dryRun ? 'Stale leftovers of earlier runs to remove' : 'Removed stale leftovers of earlier runs'}: ${leftovers.join(', ')}.`,
        ]
      : []),
  ]
}

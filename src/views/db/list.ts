import chalk, {chalkStderr} from 'chalk'
import type {ListReport, SetReport} from '../../backup/list.js'
import {ago} from '../../cli/terminal/ago.js'
import {count} from '../../cli/terminal/count.js'
import {printable, visible} from '../../cli/terminal/printable.js'
import {type Column, renderTable} from '../../cli/terminal/table.js'
import {wrap} from '../../cli/terminal/wrap.js'
import type {Problem} from '../../errors.js'
import {size} from '../../system/text/size.js'
import {renderCalendar} from './calendar.js'
import {keepSummary} from './keep-reasons.js'

/** Renders the backups, newest first, the calendar of the last three months, and why backups are not complete. */
export function listSummary({directory, sets, rotated}: ListReport, now: Date): string {
  if (sets.length === 0) return wrap(`There are no backups in ${directory}.`, 0, process.stdout)
  const incomplete = sets.filter(({state}) => state !== 'complete')
  return [
    chalk.dim(directory),
    renderTable(COLUMNS, sets),
    '',
    renderCalendar({sets, rotated}, now),
    ...(incomplete.length > 0 ? ['', ...reasonLines(incomplete)] : []),
  ].join('\n')
}

/** Renders a problem as a warning, for stderr. */
export function ageWarning({message, hint}: Problem): string {
  return `${wrap(`${chalkStderr.yellow('warning:')} ${visible(message)}`)}\n${wrap(`${chalkStderr.bold('hint:')} ${visible(hint)}`)}`
}

const COLUMNS: Column<SetReport>[] = [
  {title: 'id', priority: 0, cell: ({id}) => id},
  {title: 'age', priority: 0, cell: ({takenAt}) => ago(new Date(takenAt))},
  {title: 'size', priority: 2, cell: ({bytes}) => size(bytes)},
  {title: 'schemas', priority: 3, cell: ({schemas}) => printable(schemaText(schemas))},
  {title: 'rows', priority: 4, cell: ({rows}) => (rows === null ? '-' : count(rows))},
  {title: 'state', priority: 0, cell: set => color(set)(stateText(set))},
  {title: 'label', priority: 5, cell: ({label}) => printable(label ?? '-')},
  {
    title: 'rotation',
    priority: 1,
    cell: ({rotation}) => (rotation.action === 'keep' ? keepSummary(rotation.reasons) : rotation.action),
  },
]

/** Number of incomplete backups whose reason is shown; the table and --json list all of them. */
const MAX_EXPLAINED = 5

function reasonLines(incomplete: SetReport[]): string[] {
  const lines = incomplete
    .slice(0, MAX_EXPLAINED)
    .map(({id, state, reason}) => `${id} is ${state}: ${reason}.`)
  const more =
    incomplete.length > MAX_EXPLAINED
      ? [`${incomplete.length - MAX_EXPLAINED} more backups are not complete.`]
      : []
  return [...lines, ...more].map(line => wrap(printable(line), 0, process.stdout))
}

function schemaText(schemas: string[]): string {
  return schemas.length > 2 ? String(schemas.length) : schemas.join(', ') || '-'
}

function stateText({state, kind, pinned}: SetReport): string {
  const parts = [
    state === 'complete' ? [] : state,
    kind === 'safety' ? 'safety' : [],
    pinned ? 'pinned' : [],
  ].flat()
  return parts.length > 0 ? parts.join(', ') : 'complete'
}

function color({state}: SetReport): (text: string) => string {
  if (state === 'complete') return chalk.green
  return state === 'damaged' ? chalk.red : chalk.yellow
}

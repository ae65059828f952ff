import chalk, {chalkStderr} from 'chalk'
import type {ListReport, SetReport} from '../../backup/list.js'
import {ago} from '../../cli/terminal/ago.js'
import {count} from '../../cli/terminal/count.js'
import {printable} from '../../cli/terminal/printable.js'
import {type Column, renderTable} from '../../cli/terminal/table.js'
import {wrap} from '../../cli/terminal/wrap.js'
import type {Problem} from '../../errors.js'
import {size} from '../../system/text/size.js'
import {renderCalendar} from './calendar.js'
import {keepWords} from './keep-reasons.js'

/** The table, newest first; the last three months; and what is wrong with what is not complete. */
export function listSummary({directory, sets, rotated}: ListReport, now: Date): string {
  if (sets.length === 0) return wrap(`There are no backups in ${directory}.`, 0, process.stdout)
  const flaws = sets.filter(({state}) => state !== 'complete')
  return [
    chalk.dim(directory),
    renderTable(COLUMNS, sets),
    '',
    renderCalendar({sets, rotated}, now),
    ...(flaws.length > 0 ? ['', ...flawLines(flaws)] : []),
  ].join('\n')
}

/** Said on stderr; the list itself is still an answer. */
export function ageWarning({message, hint}: Problem): string {
  return `${wrap(`${chalkStderr.yellow('warning:')} ${message}`)}\n${wrap(`${chalkStderr.bold('hint:')} ${hint}`)}`
}

const COLUMNS: Column<SetReport>[] = [
  {title: 'id', gives: 0, cell: ({id}) => id},
  {title: 'age', gives: 0, cell: ({takenAt}) => ago(new Date(takenAt))},
  {title: 'size', gives: 2, cell: ({bytes}) => size(bytes)},
  {title: 'schemas', gives: 3, cell: ({schemas}) => printable(schemaWords(schemas))},
  {title: 'rows', gives: 4, cell: ({rows}) => (rows === null ? '-' : count(rows))},
  {title: 'state', gives: 0, cell: set => colour(set)(stateWords(set))},
  {title: 'label', gives: 5, cell: ({label}) => printable(label ?? '-')},
  {
    title: 'rotation',
    gives: 1,
    cell: ({rotation}) => (rotation.action === 'keep' ? keepWords(rotation.reasons) : rotation.action),
  },
]

/** At most so many are explained; the table and --json have them all. */
const EXPLAINED = 5

function flawLines(flaws: SetReport[]): string[] {
  const lines = flaws.slice(0, EXPLAINED).map(({id, state, reason}) => `${id} is ${state}: ${reason}.`)
  const more = flaws.length > EXPLAINED ? [`${flaws.length - EXPLAINED} more are not complete.`] : []
  return [...lines, ...more].map(line => wrap(printable(line), 0, process.stdout))
}

function schemaWords(schemas: string[]): string {
  return schemas.length > 2 ? String(schemas.length) : schemas.join(', ') || '-'
}

function stateWords({state, kind, pinned}: SetReport): string {
  const words = [
    state === 'complete' ? [] : state,
    kind === 'safety' ? 'safety' : [],
    pinned ? 'pinned' : [],
  ].flat()
  return words.length > 0 ? words.join(', ') : 'complete'
}

function colour({state}: SetReport): (text: string) => string {
  if (state === 'complete') return chalk.green
  return state === 'damaged' ? chalk.red : chalk.yellow
}

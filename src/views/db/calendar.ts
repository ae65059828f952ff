import chalk from 'chalk'
import type {SetReport} from '../../backup/list.js'
import {DAY_MS} from '../../system/time.js'

interface History {
  sets: Pick<SetReport, 'id' | 'state' | 'kind'>[]
  /** IDs of the backups that rotation deleted. */
  rotated: string[]
}

const MONTHS = 3
/** Columns of one month. */
const WIDTH = 16
/** Columns between two months. */
const GAP = 3
const NAMES = 'January February March April May June July August September October November December'.split(
  ' ',
)

/**
 * Renders the last three months as a calendar that shows the days without a backup. Each row is a week and starts with
 * the date of its first day; each day from the first backup until today has a mark. Safety backups are not counted.
 */
export function renderCalendar(history: History, now: Date, columns = terminalWidth()): string {
  const marks = marksOf(history, now)
  const months = Array.from({length: MONTHS}, (_, index) => {
    const first = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - MONTHS + 1 + index, 1))
    return monthLines(first, marks)
  })
  const perRow = Math.max(1, Math.min(MONTHS, Math.floor((columns + GAP) / (WIDTH + GAP))))
  const rows = Array.from({length: Math.ceil(MONTHS / perRow)}, (_, row) =>
    sideBySide(months.slice(row * perRow, (row + 1) * perRow)),
  )
  return [...rows.flatMap(row => [row, '']), LEGEND].join('\n')
}

const COMPLETE = chalk.green('#')
const DAMAGED = chalk.yellow('!')
const ROTATED = chalk.dim('-')
const NONE = chalk.red('.')
const LEGEND = `${COMPLETE} complete  ${DAMAGED} damaged  ${ROTATED} rotated  ${NONE} none`

/** Returns the mark of each day, keyed by days since 1970-01-01 UTC. */
function marksOf({sets, rotated}: History, now: Date): Map<number, string> {
  const backups = sets.filter(({kind}) => kind !== 'safety')
  const marks = new Map<number, string>()
  // A later mark replaces an earlier one, so the most informative mark is set last.
  for (const {id} of backups) marks.set(dayOf(id), DAMAGED)
  for (const id of rotated) marks.set(dayOf(id), ROTATED)
  for (const {id, state} of backups) if (state === 'complete') marks.set(dayOf(id), COMPLETE)
  const today = Math.floor(now.getTime() / DAY_MS)
  for (const day of marks.keys()) if (day > today) marks.delete(day)
  const first = Math.min(...marks.keys())
  // Today is not marked as missing: its backup may not have run yet.
  for (let day = first; day < today; day++) if (!marks.has(day)) marks.set(day, NONE)
  return marks
}

function dayOf(id: string): number {
  return Date.parse(`${id.slice(0, 4)}-${id.slice(4, 6)}-${id.slice(6, 8)}`) / DAY_MS
}

function monthLines(first: Date, marks: Map<number, string>): string[] {
  const year = first.getUTCFullYear()
  const month = first.getUTCMonth()
  const start = first.getTime() / DAY_MS
  const end = Date.UTC(year, month + 1, 1) / DAY_MS
  const lines = [`${NAMES[month]} ${year}`.padEnd(WIDTH), chalk.dim('   M T W T F S S')]
  // 1970-01-01 was a Thursday.
  for (let monday = start - ((start + 3) % 7); monday < end; monday += 7) {
    const days = Array.from({length: 7}, (_, index) => monday + index)
    const inMonth = days.map(day => (day >= start && day < end ? (marks.get(day) ?? ' ') : ' '))
    const date = Math.max(monday, start) - start + 1
    lines.push(`${chalk.dim(String(date).padStart(2))} ${inMonth.join(' ')}`)
  }
  return lines
}

/** Joins blocks of equal width side by side. */
function sideBySide(blocks: string[][]): string {
  const height = Math.max(...blocks.map(({length}) => length))
  const lines = Array.from({length: height}, (_, row) =>
    blocks.map(block => block[row] ?? ' '.repeat(WIDTH)).join(' '.repeat(GAP)),
  )
  return lines.map(line => line.trimEnd()).join('\n')
}

function terminalWidth(): number {
  return process.stdout.isTTY ? process.stdout.columns || 80 : 80
}

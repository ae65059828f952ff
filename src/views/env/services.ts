import chalk from 'chalk'
import {ago} from '../../cli/terminal/ago.js'
import {type Column, renderTable} from '../../cli/terminal/table.js'
import {wrap} from '../../cli/terminal/wrap.js'
import type {ServiceRow} from '../../env/service-rows.js'
import {isWell} from '../../stack/state.js'
import {size} from '../../system/text/size.js'

/** What a table of services can show; each table chooses. */
export const COLUMNS = {
  service: {title: 'service', gives: 0, cell: row => row.service},
  state: {title: 'state', gives: 4, cell: row => row.state},
  health: {title: 'health', gives: 0, cell: row => colour(row)(word(row))},
  url: {title: 'url', gives: 2, cell: row => row.url ?? '-'},
  since: {
    title: 'since',
    gives: 3,
    cell: row => (row.since ? ago(new Date(row.since)) : '-'),
  },
  restarts: {title: 'restarts', gives: 5, cell: row => String(row.restarts)},
  runs: {
    title: 'runs',
    gives: 3,
    cell: row => (row.state === 'skipped' ? '-' : row.stub ? 'a stub' : shortName(row.image ?? '-')),
  },
  image: {title: 'image', gives: 6, cell: row => row.image ?? '-'},
  memory: {
    title: 'memory',
    gives: 5,
    cell: ({memory: use}) => (use ? [use.used, use.limit ?? []].flat().map(size).join(' of ') : '-'),
  },
} satisfies Record<string, Column<ServiceRow>>

/** After a start: where to reach what. */
export function startTable(rows: ServiceRow[]): string {
  const {service, state, health, url, runs} = COLUMNS
  const columns = [service, {...state, gives: 2}, {...health, gives: 1}, {...url, gives: 0}, runs]
  return [renderTable(columns, rows), ...notes(rows)].join('\n')
}

/** Below the table, since a cell is no place for a sentence. */
export function notes(rows: ServiceRow[]): string[] {
  return rows.flatMap(row =>
    row.note === null ? [] : [wrap(`${row.service} is ${row.state}: ${row.note}`, 2, process.stdout)],
  )
}

/** An image without its registry and tag, which are in the full table. */
function shortName(name: string): string {
  return name.split('/').at(-1)!.split(':')[0]!
}

function word({state: now, health: known}: ServiceRow): string {
  return now === 'running' && known !== 'none' ? known : now
}

function colour(row: ServiceRow): (text: string) => string {
  if (row.state === 'skipped') return chalk.dim
  if (isWell(row)) return chalk.green
  return row.health === 'starting' || row.state === 'missing' ? chalk.yellow : chalk.red
}

import chalk from 'chalk'
import {ago} from '../../cli/terminal/ago.js'
import {type Column, renderTable} from '../../cli/terminal/table.js'
import {wrap} from '../../cli/terminal/wrap.js'
import type {ServiceRow} from '../../env/service-rows.js'
import {isHealthyOrSkipped} from '../../stack/state.js'
import {size} from '../../system/text/size.js'

/** The columns of tables of services; each table uses some of them. */
export const COLUMNS = {
  service: {title: 'service', priority: 0, cell: row => row.service},
  state: {title: 'state', priority: 4, cell: row => row.state},
  health: {title: 'health', priority: 0, cell: row => color(row)(healthText(row))},
  url: {title: 'url', priority: 2, cell: row => row.url ?? '-'},
  since: {
    title: 'since',
    priority: 3,
    cell: row => (row.since ? ago(new Date(row.since)) : '-'),
  },
  restarts: {title: 'restarts', priority: 5, cell: row => String(row.restarts)},
  runs: {
    title: 'runs',
    priority: 3,
    cell: row => (row.state === 'skipped' ? '-' : row.stub ? 'stub' : shortName(row.image ?? '-')),
  },
  nodes: {
    title: 'nodes',
    priority: 4,
    cell: ({tasks}) => (tasks ?? []).map(({node, state}) => `${node ?? 'none'} (${state})`).join(', ') || '-',
  },
  update: {title: 'update', priority: 5, cell: ({update}) => (update ?? '-').replaceAll('_', ' ')},
  image: {title: 'image', priority: 6, cell: row => row.image ?? '-'},
  memory: {
    title: 'memory',
    priority: 5,
    cell: ({memory: use}) => (use ? [use.used, use.limit ?? []].flat().map(size).join(' of ') : '-'),
  },
} satisfies Record<string, Column<ServiceRow>>

/** Renders the services after a start, with the address of each. */
export function startTable(rows: ServiceRow[]): string {
  const {service, state, health, url, runs} = COLUMNS
  const columns = [service, {...state, priority: 2}, {...health, priority: 1}, {...url, priority: 0}, runs]
  return [renderTable(columns, rows), ...notes(rows)].join('\n')
}

/** Notes are whole sentences, so they are shown below the table. */
export function notes(rows: ServiceRow[]): string[] {
  return rows.flatMap(row =>
    row.note === null ? [] : [wrap(`${row.service} is ${row.state}: ${row.note}`, 2, process.stdout)],
  )
}

/** Returns an image name without registry and tag, which `env:status` shows. */
function shortName(name: string): string {
  return name.split('/').at(-1)!.split(':')[0]!
}

function healthText({state: now, health: known}: ServiceRow): string {
  return now === 'running' && known !== 'none' ? known : now
}

function color(row: ServiceRow): (text: string) => string {
  if (row.state === 'skipped') return chalk.dim
  if (isHealthyOrSkipped(row)) return chalk.green
  return row.health === 'starting' || row.state === 'missing' ? chalk.yellow : chalk.red
}

import chalk from 'chalk'
import type {StatusReport} from '../../env/status.js'
import {isWell, type ServiceRow} from '../../env/service-rows.js'
import {ago} from '../../cli/terminal/ago.js'
import {size} from '../../cli/terminal/size.js'
import {type Column, renderTable} from '../../cli/terminal/table.js'
import {wrap} from '../../cli/terminal/wrap.js'

const service: Column<ServiceRow> = {title: 'service', priority: 0, cell: row => row.service}
const state: Column<ServiceRow> = {title: 'state', priority: 4, cell: row => row.state}
const health: Column<ServiceRow> = {title: 'health', priority: 0, cell: row => colour(row)(healthText(row))}
const url: Column<ServiceRow> = {title: 'url', priority: 2, cell: row => row.url ?? '-'}
const since: Column<ServiceRow> = {
  title: 'since',
  priority: 3,
  cell: row => (row.since ? ago(new Date(row.since)) : '-'),
}
const restarts: Column<ServiceRow> = {title: 'restarts', priority: 5, cell: row => String(row.restarts)}
const runs: Column<ServiceRow> = {
  title: 'runs',
  priority: 3,
  cell: row => (row.state === 'skipped' ? '-' : row.stub ? 'stub' : shortName(row.image ?? '-')),
}
const image: Column<ServiceRow> = {title: 'image', priority: 6, cell: row => row.image ?? '-'}
const memory: Column<ServiceRow> = {
  title: 'memory',
  priority: 5,
  cell: ({memory: use}) => (use ? [use.used, use.limit ?? []].flat().map(size).join(' of ') : '-'),
}

/** Renders the services after a start, with the address of each. */
export function startTable(rows: ServiceRow[]): string {
  const columns = [service, {...state, priority: 2}, {...health, priority: 1}, {...url, priority: 0}, runs]
  return [renderTable(columns, rows), ...notes(rows)].join('\n')
}

/** Renders everything that is known of the services. */
export function statusTable({services, project, engine}: StatusReport): string {
  const columns = [service, state, health, since, restarts, memory, url, image]
  const title = wrap(chalk.dim(`Project ${project}, engine ${engine}`), 0, process.stdout)
  return [title, renderTable(columns, services), ...notes(services)].join('\n')
}

/** Notes are whole sentences, so they are shown below the table. */
function notes(rows: ServiceRow[]): string[] {
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

function colour(row: ServiceRow): (text: string) => string {
  if (row.state === 'skipped') return chalk.dim
  if (isWell(row)) return chalk.green
  return row.health === 'starting' || row.state === 'missing' ? chalk.yellow : chalk.red
}

import chalk from 'chalk'
import type {StatusReport} from '../../env/status.js'
import {isWell, type ServiceRow} from '../../env/service-rows.js'
import {ago} from '../../cli/terminal/ago.js'
import {type Column, renderTable} from '../../cli/terminal/table.js'
import {wrap} from '../../cli/terminal/wrap.js'
import {size} from '../../system/text/size.js'

const service: Column<ServiceRow> = {title: 'service', gives: 0, cell: row => row.service}
const state: Column<ServiceRow> = {title: 'state', gives: 4, cell: row => row.state}
const health: Column<ServiceRow> = {title: 'health', gives: 0, cell: row => colour(row)(word(row))}
const url: Column<ServiceRow> = {title: 'url', gives: 2, cell: row => row.url ?? '-'}
const since: Column<ServiceRow> = {
  title: 'since',
  gives: 3,
  cell: row => (row.since ? ago(new Date(row.since)) : '-'),
}
const restarts: Column<ServiceRow> = {title: 'restarts', gives: 5, cell: row => String(row.restarts)}
const runs: Column<ServiceRow> = {
  title: 'runs',
  gives: 3,
  cell: row => (row.state === 'skipped' ? '-' : row.stub ? 'a stub' : shortName(row.image ?? '-')),
}
const image: Column<ServiceRow> = {title: 'image', gives: 6, cell: row => row.image ?? '-'}
const memory: Column<ServiceRow> = {
  title: 'memory',
  gives: 5,
  cell: ({memory: use}) => (use ? [use.used, use.limit ?? []].flat().map(size).join(' of ') : '-'),
}

/** After a start: where to reach what. */
export function startTable(rows: ServiceRow[]): string {
  const columns = [service, {...state, gives: 2}, {...health, gives: 1}, {...url, gives: 0}, runs]
  return [renderTable(columns, rows), ...notes(rows)].join('\n')
}

/** All that is known. */
export function statusTable({services, project, engine}: StatusReport): string {
  const columns = [service, state, health, since, restarts, memory, url, image]
  const title = wrap(chalk.dim(`project ${project}, on the ${engine} engine`), 0, process.stdout)
  return [title, renderTable(columns, services), ...notes(services)].join('\n')
}

/** Below the table, since a cell is no place for a sentence. */
function notes(rows: ServiceRow[]): string[] {
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

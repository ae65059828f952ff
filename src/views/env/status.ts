import chalk from 'chalk'
import {renderTable} from '../../cli/terminal/table.js'
import {wrap} from '../../cli/terminal/wrap.js'
import type {StatusReport} from '../../env/status.js'
import {COLUMNS, notes} from './service-table.js'

/** Renders everything that is known of the services. */
export function statusTable({services, project, engine}: StatusReport): string {
  const {service, state, health, since, restarts, memory, url, image, nodes, update} = COLUMNS
  const isSwarm = services.some(({tasks}) => tasks !== null)
  const ofSwarm = isSwarm ? [nodes, update] : []
  const columns = [service, state, health, since, restarts, memory, url, ...ofSwarm, image]
  const title = wrap(chalk.dim(`Project ${project}, engine ${engine}`), 0, process.stdout)
  return [title, renderTable(columns, services), ...notes(services)].join('\n')
}

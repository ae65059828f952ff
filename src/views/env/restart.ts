import type {ProgressUpdate} from '../../cli/progress/printer.js'
import {wrap} from '../../cli/terminal/wrap.js'
import type {RestartEvent, RestartReport} from '../../env/restart.js'
import {startTable} from './service-table.js'
import {waitUpdate} from './up.js'

/** Turns an event of `env:restart` into a progress update. */
export function restartUpdate(event: RestartEvent): ProgressUpdate {
  return event.type === 'services' ? {tasks: event.services} : waitUpdate(event)
}

/** Renders the services that were restarted. */
export function restartSummary({services}: RestartReport): string {
  const names = services.map(({service}) => service).join(', ')
  return [startTable(services), '', wrap(`Restarted: ${names}.`, 0, process.stdout)].join('\n')
}

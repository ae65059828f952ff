import type {ProgressUpdate} from '../../cli/progress/printer.js'
import {wrap} from '../../cli/terminal/wrap.js'
import type {RollbackEvent, RollbackReport} from '../../env/updates/rollback.js'
import {startTable} from './service-table.js'
import {waitUpdate} from './up.js'

/** Turns an event of `env:rollback` into a progress update. */
export function rollbackUpdate(event: RollbackEvent): ProgressUpdate {
  if (event.type === 'service') return waitUpdate(event)
  return {tasks: event.versions.map(({service}) => service)}
}

/** Renders the services with the versions that they run now. */
export function rollbackSummary({versions, services}: RollbackReport): string {
  const lines = versions.map(({service, from, to}) =>
    wrap(
      from === to ? `${service}: back to the ${to} from before.` : `${service}: back from ${from} to ${to}.`,
      2,
      process.stdout,
    ),
  )
  return [startTable(services), '', ...lines].join('\n')
}

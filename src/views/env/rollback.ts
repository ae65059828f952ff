import type {ProgressUpdate} from '../../cli/progress/printer.js'
import {printable} from '../../cli/terminal/printable.js'
import {wrap} from '../../cli/terminal/wrap.js'
import type {RollbackEvent, RollbackReport} from '../../env/updates/rollback.js'
import {SERVICES} from '../../stack/catalogue.js'
import {startTable} from './service-table.js'
import {upUpdate} from './up.js'

/** Turns an event of `env:rollback` into a progress update. */
export function rollbackUpdate(event: RollbackEvent): ProgressUpdate {
  if (event.type !== 'rollback') return upUpdate(event)
  return {tasks: event.versions.map(({service}) => service)}
}

/**
 * Renders the services with the versions that they run now, and warns that the settings still name the others.
 * @param file the settings file to change
 */
export function rollbackSummary({versions, services}: RollbackReport, file: string): string {
  const lines = versions.map(({service, from, to}) =>
    wrap(
      printable(
        from === to
          ? `${service}: rolled back to the previous image of ${to}.`
          : `${service}: rolled back from ${from} to ${to}.`,
      ),
      2,
      process.stdout,
    ),
  )
  const variables = versions.map(({service}) => SERVICES.find(({name}) => name === service)!.imageVariable)
  const warning = `The settings still name the version that was rolled back, so the next env:up would start it again. Change ${variables.join(', ')} or BACKEND_VERSION in ${file} first.`
  return [startTable(services), '', ...lines, '', wrap(warning, 0, process.stdout)].join('\n')
}

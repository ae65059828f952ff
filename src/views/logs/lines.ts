import chalk from 'chalk'
import type {LogLine} from '../../engines/engine.js'
import {SERVICES} from '../../stack/catalogue.js'

const COLOURS = [chalk.cyan, chalk.green, chalk.magenta, chalk.yellow, chalk.blue, chalk.red]
const WIDTH = Math.max(...SERVICES.map(({name}) => name.length))

/** Nothing printed would look like an answer: what was skipped or never started has no log. */
export function noLines(services: string[], since: string | undefined): string {
  const then = since === undefined ? '' : ` since ${since}`
  return services.length > 0
    ? `note: there are no lines of ${services.join(', ')}${then}`
    : `note: no service has written anything${then}`
}

/** A line of a log below the others. A service keeps its colour from run to run. */
export function logText({service, text}: LogLine): string {
  const index = SERVICES.findIndex(({name}) => name === service)
  const colour = COLOURS[Math.max(index, 0) % COLOURS.length]!
  return `${colour(service.padEnd(WIDTH))} | ${text}`
}

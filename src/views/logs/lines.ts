import chalk from 'chalk'
import {coloredOnly} from '../../cli/terminal/printable.js'
import type {LogLine} from '../../engines/engine.js'
import {SERVICES} from '../../stack/catalogue.js'

const COLORS = [chalk.cyan, chalk.green, chalk.magenta, chalk.yellow, chalk.blue, chalk.red]
const WIDTH = Math.max(...SERVICES.map(({name}) => name.length))

/** Says that there are no log lines: empty output alone could mean that the command failed. */
export function noLines(services: string[], since: string | undefined): string {
  const ofServices = services.length > 0 ? ` of ${services.join(', ')}` : ''
  const sinceThen = since === undefined ? '' : ` since ${since}`
  return `note: there are no log lines${ofServices}${sinceThen}`
}

/**
 * Renders one log line behind the name of its service, which has the same color in every run. A terminal shows control
 * characters of the service instead of obeying them.
 */
export function lineText({service, text}: LogLine): string {
  const index = SERVICES.findIndex(({name}) => name === service)
  const color = COLORS[Math.max(index, 0) % COLORS.length]!
  return `${color(service.padEnd(WIDTH))} | ${process.stdout.isTTY ? coloredOnly(text) : text}`
}

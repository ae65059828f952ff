import chalk from 'chalk'
import {printable} from '../../cli/terminal/printable.js'
import {wrap} from '../../cli/terminal/wrap.js'
import type {Finding} from '../../doctor/check.js'
import type {DoctorReport} from '../../doctor/doctor.js'

const COLORS: Record<Finding['verdict'], (text: string) => string> = {
  ok: chalk.green,
  warning: chalk.yellow,
  failed: chalk.red,
  skipped: chalk.dim,
}

/** Renders each finding, with the hint on the line below it. */
export function doctorSummary({checks}: DoctorReport): string {
  return checks.map(findingLines).join('\n')
}

function findingLines({check, verdict, message, hint}: Finding): string {
  const width = 'skipped  '.length
  const text = wrap(printable(`${check}: ${message}`), width, process.stdout)
  const line = COLORS[verdict](verdict.padEnd(width)) + text.slice(width)
  return hint === null ? line : `${line}\n${wrap(printable(`hint: ${hint}`), width, process.stdout)}`
}

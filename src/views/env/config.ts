import chalk from 'chalk'
import {printable} from '../../cli/terminal/printable.js'
import {type Column, renderFitting} from '../../cli/terminal/table.js'
import {wrap} from '../../cli/terminal/wrap.js'
import {didYouMean} from '../../system/text/suggest.js'
import type {ConfigReport, SettingRow, UnknownVariable} from '../../env/config.js'

/** Renders all settings by group, then the values that are ignored and the variables that are not used. */
export function configSummary(report: ConfigReport): string {
  const remarks = [...report.settings.flatMap(ignoredText), ...unusedTexts(report.unknown)]
  return [
    wrap(chalk.dim(headline(report)), 0, process.stdout),
    renderFitting(layouts(report.generated), toLines(report.settings)),
    ...(remarks.length > 0 ? [''] : []),
    ...remarks.map(remark => wrap(printable(remark), 0, process.stdout)),
  ].join('\n')
}

function headline({profile, project, sources}: ConfigReport): string {
  return printable(
    `Profile ${profile}, project ${project}. Sources, the first takes precedence: ${sources.join(', ')}.`,
  )
}

/** A line of the table: a setting, or the heading of a group. */
type Line = SettingRow | {heading: string}

function toLines(settings: SettingRow[]): Line[] {
  const groups = [...new Set(settings.map(({group}) => group))]
  return groups.flatMap(heading => [{heading}, ...settings.filter(({group}) => group === heading)])
}

/** Returns the layouts, widest first: all columns, the same with shortened values, and one column. */
function layouts(generated: string | null): Column<Line>[][] {
  // The headline has the path of the generated file, and the table needs the space for the values.
  const sourceOf = (row: SettingRow): string =>
    row.source === generated && generated !== null ? 'generated' : printable(row.source ?? 'not set')
  const name = column('setting', ({name: variable}) => `  ${variable}`, chalk.bold)
  const source = column('source', sourceOf)
  // At 80 columns, the longest name and the longest source leave 24.
  const shortened = column('value', row => shorten(valueText(row), 24))
  const all = column(
    'settings',
    row => `  ${row.name}\n    ${valueText(row)}\n    ${chalk.dim(sourceOf(row))}`,
    chalk.bold,
  )
  return [[name, column('value', valueText), source], [name, shortened, source], [all]]
}

function column(
  title: string,
  toText: (row: SettingRow) => string,
  toHeading: (heading: string) => string = () => '',
): Column<Line> {
  return {
    title,
    priority: 0,
    cell: line => ('heading' in line ? `\n${toHeading(line.heading)}` : toText(line)),
  }
}

function valueText({value, valid}: SettingRow): string {
  if (!valid) return chalk.red(value ?? 'invalid, not shown')
  return printable(value ?? '-')
}

/** Keeps the beginning: long values are images and JVM options, which their beginning identifies. */
function shorten(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text
}

function ignoredText({name: setting, source, overridden}: SettingRow): string[] {
  if (overridden.length === 0) return []
  return [`${setting} in ${overridden.join(' and ')} is ignored; ${source} takes precedence.`]
}

function unusedTexts(unknown: UnknownVariable[]): string[] {
  const others = unknown.filter(({suggestion}) => suggestion === null)
  const sources = [...new Set(others.map(({source}) => source))]
  return [
    ...unknown.flatMap(({name, source, suggestion}) =>
      suggestion === null ? [] : [`Unused variable in ${source}: ${name}; ${didYouMean(suggestion)}`],
    ),
    ...sources.map(file => {
      const names = others.filter(({source}) => source === file).map(({name}) => name)
      return `Unused variables in ${file}: ${names.join(', ')}.`
    }),
  ]
}

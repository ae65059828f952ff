import chalk from 'chalk'
import {printable} from '../../cli/terminal/printable.js'
import {type Column, renderFitting} from '../../cli/terminal/table.js'
import {wrap} from '../../cli/terminal/wrap.js'
import type {ConfigReport, SettingRow, UnknownVariable} from '../../env/config.js'

/** All settings by group, what counts for nothing, and what nothing reads. */
export function configSummary(report: ConfigReport): string {
  const remarks = [...report.settings.flatMap(overriddenWords), ...unknownWords(report.unknown)]
  return [
    wrap(chalk.dim(headline(report)), 0, process.stdout),
    renderFitting(layouts(report.generated), toLines(report.settings)),
    ...(remarks.length > 0 ? [''] : []),
    ...remarks.map(remark => wrap(printable(remark), 0, process.stdout)),
  ].join('\n')
}

function headline({profile, project, sources}: ConfigReport): string {
  return printable(`profile ${profile}, project ${project}; read in this order: ${sources.join(', ')}`)
}

/** A line of the table: a setting, or the name of the group that begins. */
type Line = SettingRow | {heading: string}

function toLines(settings: SettingRow[]): Line[] {
  const groups = [...new Set(settings.map(({group}) => group))]
  return groups.flatMap(heading => [{heading}, ...settings.filter(({group}) => group === heading)])
}

/** From wide to narrow: everything; long values cut; one below the other. */
function layouts(generated: string | null): Column<Line>[][] {
  // Its path would take the place of the values, and the headline has it.
  const origin = (row: SettingRow): string =>
    row.source === generated && generated !== null ? 'generated' : printable(row.source ?? 'not set')
  const name = column('setting', ({name: variable}) => `  ${variable}`, chalk.bold)
  const source = column('from', origin)
  const cut = column('value', row => shorten(valueWords(row), 26))
  const all = column(
    'settings',
    row => `  ${row.name}\n    ${valueWords(row)}\n    ${chalk.dim(origin(row))}`,
    chalk.bold,
  )
  return [[name, column('value', valueWords), source], [name, cut, source], [all]]
}

function column(
  title: string,
  words: (row: SettingRow) => string,
  headingWords: (heading: string) => string = () => '',
): Column<Line> {
  return {
    title,
    gives: 0,
    cell: line => ('heading' in line ? `\n${headingWords(line.heading)}` : words(line)),
  }
}

function valueWords({value, valid}: SettingRow): string {
  if (!valid) return chalk.red(value ?? 'not valid, not shown')
  return printable(value ?? '-')
}

/** Long values are an image or options of the JVM: their beginning tells the most. */
function shorten(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text
}

function overriddenWords({name: setting, source: winner, overridden}: SettingRow): string[] {
  if (overridden.length === 0) return []
  return [`${setting} in ${overridden.join(' and ')} counts for nothing: ${winner} comes first.`]
}

function unknownWords(unknown: UnknownVariable[]): string[] {
  const near = unknown.filter(({suggestion}) => suggestion !== null)
  const far = unknown.filter(({suggestion}) => suggestion === null)
  const sources = [...new Set(far.map(({source: file}) => file))]
  return [
    ...near.map(
      ({name: variable, source: file, suggestion}) =>
        `${file} sets ${variable}, which nothing reads: did you mean ${suggestion}?`,
    ),
    ...sources.map(file => {
      const names = far.filter(({source: origin}) => origin === file).map(({name: variable}) => variable)
      return `Nothing reads these of ${file}: ${names.join(', ')}.`
    }),
  ]
}

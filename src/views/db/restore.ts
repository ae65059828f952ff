import chalk from 'chalk'
import type {PlannedSchema, RestorePlan} from '../../backup/restore/plan.js'
import type {RestoreEvent, RestoreReport} from '../../backup/restore/restore.js'
import type {ProgressUpdate} from '../../cli/progress/printer.js'
import {ago} from '../../cli/terminal/ago.js'
import {count} from '../../cli/terminal/count.js'
import {printable} from '../../cli/terminal/printable.js'
import {type Column, renderTable} from '../../cli/terminal/table.js'
import {wrap} from '../../cli/terminal/wrap.js'
import {size} from '../../system/text/size.js'
import {backupWords} from './backup.js'

/** What a restore shows, in this order. */
export const RESTORE_TASKS = [['safety backup'], ['replay'], ['check and commit']]

const STEPS = {safety: 'safety backup', replay: 'replay', commit: 'check and commit'} as const

/** The words for what happens during a restore. */
export function restoreWords(): (event: RestoreEvent) => ProgressUpdate {
  const backup = backupWords()
  return event => {
    switch (event.type) {
      case 'step':
        return event.state === 'done'
          ? {task: STEPS[event.step], state: 'done', detail: 'done'}
          : {task: STEPS[event.step], state: 'running', detail: 'started'}
      case 'bytes': {
        const detail = `${size(event.read)} of ${size(event.total)}`
        return {task: 'replay', state: 'running', detail, passing: true}
      }
      case 'archive':
        return {
          task: 'safety backup',
          state: 'running',
          detail: `${event.schema} ${size(event.bytes)}`,
          passing: true,
        }
      case 'schemas':
        return {task: 'safety backup', state: 'running', detail: event.schemas.join(', '), passing: true}
      case 'notice':
        return backup(event)
    }
  }
}

interface Row {
  table: string
  now: number | undefined
  then: number | undefined
}

const COLUMNS: Column<Row>[] = [
  {title: 'table', gives: 0, cell: ({table}) => printable(table)},
  {title: 'rows now', gives: 0, cell: ({now}) => (now === undefined ? '-' : count(now))},
  {title: 'rows then', gives: 0, cell: ({then}) => (then === undefined ? '-' : count(then))},
  {title: 'change', gives: 1, cell: ({now, then}) => change(now, then)},
]

function change(now: number | undefined, then: number | undefined): string {
  if (now === undefined) return chalk.green('comes')
  if (then === undefined) return chalk.red('goes')
  const difference = then - now
  if (difference === 0) return ''
  return difference > 0 ? chalk.green(`+${difference}`) : chalk.red(String(difference))
}

/** All that somebody has to know before they say yes. */
export function planText(plan: RestorePlan): string {
  const lines = [
    `${names(plan)} of ${plan.server.name}${plan.into === undefined ? '' : `, database ${plan.into}`} ${fate(plan)} ${origin(plan)}.`,
    '',
    renderTable(COLUMNS, rowsOf(plan)),
    '',
    ...facts(plan),
  ]
  return lines.map(line => (line.includes('\n') ? line : wrap(line, 0, process.stdout))).join('\n')
}

function names({schemas}: RestorePlan): string {
  return `${schemas.length === 1 ? 'Schema' : 'Schemas'} ${schemas.map(({schema}) => schema).join(', ')}`
}

function fate({schemas, creates}: RestorePlan): string {
  const plural = schemas.length > 1
  if (creates) return `${plural ? 'go' : 'goes'} into this new database,`
  return schemas.some(({exists}) => exists)
    ? `${plural ? 'are' : 'is'} replaced`
    : `${plural ? 'are' : 'is'} not there and ${plural ? 'come' : 'comes'} back`
}

function origin({source: {set, archives}}: RestorePlan): string {
  if (!set) return `by the file ${archives[0]?.path}`
  return `by backup ${set.id}, ${ago(new Date(set.takenAt))} old${set.label === undefined ? '' : ` (${printable(set.label)})`}`
}

function rowsOf({schemas}: RestorePlan): Row[] {
  const prefix = (schema: PlannedSchema, table: string): string =>
    schemas.length > 1 ? `${schema.schema}.${table}` : table
  return schemas.flatMap(schema =>
    schema.tables.map(({name, now, then}) => ({table: prefix(schema, name), now, then})),
  )
}

function facts(plan: RestorePlan): string[] {
  const {foreignKeys, triggers, publications, roles, safety, expected, notices} = plan
  const saved = safety.reduce((sum, {bytes}) => sum + bytes, 0)
  return [
    safety.length > 0
      ? `First a safety backup is made of what is there now (${size(saved)} on the server's disk, less when packed).`
      : 'There is nothing to save first.',
    ...(foreignKeys.length > 0
      ? [`Foreign keys of other schemas, made again and checked: ${foreignKeys.join(', ')}.`]
      : []),
    ...(triggers.length > 0 ? [`Triggers of other schemas, made again: ${triggers.join(', ')}.`] : []),
    ...(publications.length > 0 ? [`Publications, filled again: ${publications.join(', ')}.`] : []),
    ...(roles.length > 0
      ? [`Roles that are missing and are made, without a password: ${roles.join(', ')}.`]
      : []),
    ...notices.map(notice => `Note: ${notice}.`),
    `The archives are proven. All happens in one transaction, or nothing; about ${expected} s.`,
  ]
}

/** What would be lost, for the question. */
export function restoreLoss(plan: RestorePlan): string {
  const from = plan.source.set?.id ?? 'the file'
  return `This replaces ${plan.schemas.map(({schema}) => schema).join(', ')} by what ${from} holds`
}

/** The word to type: what is replaced. */
export function restoreName({schemas, into, server}: RestorePlan): string {
  return schemas.length === 1 ? schemas[0]!.schema : (into ?? server.name.replace(/^postgres of /, ''))
}

/** The end of a restore, and the way back. */
export function restoreSummary(report: RestoreReport): string {
  const {schemas, from, rows, seconds, undo, roles, foreignKeysLeftOut} = report
  const plural = schemas.length > 1
  const sentences = [
    `${schemas.join(', ')} ${plural ? 'are' : 'is'} restored from ${from}${rows === undefined ? '' : `: ${count(rows)} rows`} in ${seconds} s. Restart the services that use ${plural ? 'them' : 'it'}.`,
    ...(roles.length > 0 ? [`Give these new roles a password: ${roles.join(', ')}.`] : []),
    ...(foreignKeysLeftOut.length > 0
      ? [`Left out, since the schema that they refer to is not there: ${foreignKeysLeftOut.join(', ')}.`]
      : []),
  ].map(sentence => wrap(sentence, 0, process.stdout))
  const back = undo ? ['', 'To undo this:', '', `  ${undo.command}`] : []
  return [...sentences, ...back].join('\n')
}

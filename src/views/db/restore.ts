import chalk from 'chalk'
import type {PlannedSchema, RestoreNotice, RestorePlan} from '../../backup/restore/plan.js'
import type {RestoreEvent, RestoreReport, Undo} from '../../backup/restore/restore.js'
import type {ProgressUpdate} from '../../cli/progress/printer.js'
import {ago} from '../../cli/terminal/ago.js'
import {count} from '../../cli/terminal/count.js'
import {printable} from '../../cli/terminal/printable.js'
import {type Column, renderTable} from '../../cli/terminal/table.js'
import {wrap} from '../../cli/terminal/wrap.js'
import type {OffsiteOnly} from '../../offsite/locate.js'
import {size} from '../../system/text/size.js'
import {backupUpdates} from './backup.js'

/** The tasks of a restore, in the order in which they run. */
export const RESTORE_TASKS = [['safety backup'], ['replay'], ['check and commit']]

const STEPS = {safety: 'safety backup', replay: 'replay', commit: 'check and commit'} as const

/** Returns a function that turns the events of one restore into progress updates. */
export function restoreUpdates(): (event: RestoreEvent) => ProgressUpdate {
  const toBackupUpdate = backupUpdates()
  return event => {
    switch (event.type) {
      case 'step':
        return event.state === 'done'
          ? {task: STEPS[event.step], state: 'done', detail: 'done'}
          : {task: STEPS[event.step], state: 'running', detail: 'started'}
      case 'bytes': {
        const detail = `${size(event.read)} of ${size(event.total)}`
        return {task: 'replay', state: 'running', detail, transient: true}
      }
      case 'archive':
        return {
          task: 'safety backup',
          state: 'running',
          detail: `${event.schema} ${size(event.bytes)}`,
          transient: true,
        }
      case 'schemas':
        return {task: 'safety backup', state: 'running', detail: event.schemas.join(', '), transient: true}
      case 'notice':
        return toBackupUpdate(event)
      case 'plan-notice':
        return toBackupUpdate({type: 'notice', text: noticeText(event.notice)})
    }
  }
}

interface Row {
  table: string
  now: number | undefined
  inBackup: number | undefined
}

const COLUMNS: Column<Row>[] = [
  {title: 'table', priority: 0, cell: ({table}) => printable(table)},
  {title: 'rows now', priority: 0, cell: ({now}) => (now === undefined ? '-' : count(now))},
  {
    title: 'rows in backup',
    priority: 0,
    cell: ({inBackup}) => (inBackup === undefined ? '-' : count(inBackup)),
  },
  {title: 'change', priority: 1, cell: change},
]

function change({now, inBackup}: Row): string {
  if (now === undefined) return chalk.green('added')
  if (inBackup === undefined) return chalk.red('removed')
  const difference = inBackup - now
  if (difference === 0) return ''
  return difference > 0 ? chalk.green(`+${difference}`) : chalk.red(String(difference))
}

/** Renders the plan of a restore: everything that a person has to know before they confirm it. */
export function planText(plan: RestorePlan): string {
  const rows = rowsOf(plan)
  const tables = rows.length > 0 ? renderTable(COLUMNS, rows) : 'There are no tables to compare.'
  const lines = [effect(plan), '', tables, '', ...details(plan)]
  return lines.map(line => (line.includes('\n') ? line : wrap(line, 0, process.stdout))).join('\n')
}

/** Renders that the backup is not on this machine, which is all that a plan knows of it before it is fetched. */
export function fetchText({id, bytes, repository}: OffsiteOnly): string {
  const sentence = `Backup ${id} is only in the off-site repository ${repository}. It is fetched (${size(bytes)}) and verified first; then the plan of the restore is shown.`
  return wrap(sentence, 0, process.stdout)
}

function effect(plan: RestorePlan): string {
  const {schemas, creates, into, server} = plan
  const [subject, source] = [schemaNames(plan), sourceText(plan)]
  if (creates)
    return `${subject} will be restored into the new database ${into} on ${server.name} from ${source}.`
  const target = into === undefined ? `on ${server.name}` : `in database ${into} on ${server.name}`
  return schemas.some(({exists}) => exists)
    ? `${subject} ${target} will be replaced with ${source}.`
    : `${subject} ${target} ${schemas.length > 1 ? 'do' : 'does'} not exist and will be created from ${source}.`
}

function schemaNames({schemas}: RestorePlan): string {
  return `${schemas.length === 1 ? 'Schema' : 'Schemas'} ${schemas.map(({schema}) => schema).join(', ')}`
}

function sourceText({source: {set, archives}}: RestorePlan): string {
  if (!set) return `the file ${archives[0]?.path}`
  const label = set.label === undefined ? '' : `, label: ${printable(set.label)}`
  return `backup ${set.id} (age: ${ago(new Date(set.takenAt))}${label})`
}

function rowsOf({schemas}: RestorePlan): Row[] {
  const prefix = (schema: PlannedSchema, table: string): string =>
    schemas.length > 1 ? `${schema.schema}.${table}` : table
  return schemas.flatMap(schema =>
    schema.tables.map(({name, now, then}) => ({table: prefix(schema, name), now, inBackup: then})),
  )
}

function details(plan: RestorePlan): string[] {
  const {foreignKeys, triggers, publications, lockedTables, roles, safety, expected, notices} = plan
  const saved = safety.reduce((sum, {bytes}) => sum + bytes, 0)
  return [
    safety.length > 0
      ? `A safety backup of the current state is taken first. The data takes ${size(saved)} on the server; the archives are smaller.`
      : 'No safety backup is needed: there is no data to replace.',
    ...(foreignKeys.length > 0
      ? [`Foreign keys of other schemas, recreated and validated: ${foreignKeys.join(', ')}.`]
      : []),
    ...(triggers.length > 0 ? [`Triggers of other schemas, recreated: ${triggers.join(', ')}.`] : []),
    ...(publications.length > 0
      ? [`Publications, to which the tables are added again: ${publications.join(', ')}.`]
      : []),
    ...(lockedTables.length > 0
      ? [
          `Tables of other schemas that cannot be read or written while the schemas are replaced: ${lockedTables.join(', ')}.`,
        ]
      : []),
    ...(roles.length > 0 ? [`Missing roles, created without a password: ${roles.join(', ')}.`] : []),
    ...notices.map(notice => `Note: ${noticeText(notice)}.`),
    `Archives verified. The restore runs in one transaction, so it completes or changes nothing (about ${expected} s).`,
  ]
}

function noticeText(notice: RestoreNotice): string {
  switch (notice.type) {
    case 'skipped-backup':
      return skippedText(notice)
    case 'narrower-backup':
      return narrowerText(notice)
    case 'missing-schemas':
      return `this backup does not have ${notice.schemas.map(missingText).join(', ')}`
    case 'missing-foreign-keys':
      return `foreign keys of other schemas that exist only in the backup are not created: ${notice.names.join(', ')}`
    case 'other-database':
      return `this is a backup of another database: ${notice.name}`
    case 'no-manifest':
      return 'this file has no manifest, so row counts cannot be compared'
  }
}

/** Says that a newer backup was not chosen, because it lacks schemas of the platform. */
export function narrowerText({id, schemas}: {id: string; schemas: string[]}): string {
  return `the newer backup ${id} has only ${schemas.join(', ')} and was skipped`
}

function missingText({schema, newest}: {schema: string; newest: string | undefined}): string {
  return newest === undefined ? schema : `${schema} (newest backup: ${newest})`
}

function skippedText({id, state, reason}: Extract<RestoreNotice, {type: 'skipped-backup'}>): string {
  if (state === 'complete') return `the backup ${id} is dated in the future and was skipped`
  return `the newer backup ${id} is ${state} and was skipped${reason === undefined ? '' : `: ${reason}`}`
}

/** Names what a restore overwrites, for the question that asks to confirm it. */
export function restoreLoss({source: {set}, schemas}: RestorePlan): string {
  const subject = `${schemas.length === 1 ? 'schema' : 'schemas'} ${schemas.map(({schema}) => schema).join(', ')}`
  return `This replaces ${subject} with ${set ? `backup ${set.id}` : 'the file'}`
}

/** Returns the name to type as confirmation: the schema, or else the database or project that is overwritten. */
export function restoreName({schemas, into, server}: RestorePlan): string {
  return schemas.length === 1 ? schemas[0]!.schema : (into ?? server.name.replace(/^postgres of /, ''))
}

/** Renders the report of a restore, with the undo command. */
export function restoreSummary(report: RestoreReport): string {
  const {schemas, from, rows, seconds, lockedSeconds, undo, roles, skippedForeignKeys} = report
  const [subject, verb, them] = schemas.length === 1 ? ['Schema', 'was', 'it'] : ['Schemas', 'were', 'them']
  const restored = rows === undefined ? '' : `: ${count(rows)} rows`
  const sentences = [
    `${subject} ${schemas.join(', ')} ${verb} restored from ${from}${restored} in ${seconds} s. Restart the services that use ${them}.`,
    // Without a safety backup, there were no tables for which anybody could wait.
    ...(undo ? [`Writes waited for at most ${lockedSeconds} s.`] : []),
    ...(roles.length > 0 ? [`Set a password for the new roles: ${roles.join(', ')}.`] : []),
    ...(skippedForeignKeys.length > 0
      ? [
          `Foreign keys skipped, because the schema that they refer to does not exist: ${skippedForeignKeys.join(', ')}.`,
        ]
      : []),
  ].map(sentence => wrap(sentence, 0, process.stdout))
  return [...sentences, ...(undo ? undoLines(undo) : [])].join('\n')
}

function undoLines({command, variables}: Undo): string[] {
  const needed = variables.length > 0 ? `, with the same ${variables.join(', ')} in the environment` : ''
  return ['', wrap(`To undo this restore${needed}:`, 0, process.stdout), '', `  ${command}`]
}

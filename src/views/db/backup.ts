import type {BackupReport} from '../../backup/create.js'
import type {BackupEvent} from '../../backup/dump/dump.js'
import type {ProgressUpdate} from '../../cli/progress/printer.js'
import {count} from '../../cli/terminal/count.js'
import {type Column, renderTable} from '../../cli/terminal/table.js'
import {wrap} from '../../cli/terminal/wrap.js'
import {size} from '../../system/text/size.js'
import {noticeUpdate} from '../notice.js'

/**
 * Returns a function that turns the events of one backup into progress updates. It keeps the start time of each dump,
 * from which it computes the rate and the remaining time.
 */
export function backupUpdates(): (event: BackupEvent) => ProgressUpdate {
  const started = new Map<string, number>()
  return event => {
    switch (event.type) {
      case 'notice':
        return noticeUpdate(event.text)
      case 'schemas':
        return {tasks: event.schemas}
      case 'archive': {
        const start = started.get(event.schema) ?? performance.now()
        started.set(event.schema, start)
        const seconds = (performance.now() - start) / 1000
        return event.state === 'done'
          ? {task: event.schema, state: 'done', detail: size(event.bytes)}
          : {task: event.schema, state: 'running', detail: pace(event, seconds), transient: true}
      }
    }
  }
}

function pace({bytes, expected}: {bytes: number; expected: number | undefined}, seconds: number): string {
  const rate = bytes / Math.max(seconds, 0.1)
  const left = expected !== undefined && expected > bytes ? (expected - bytes) / rate : undefined
  return [size(bytes), `${size(rate)}/s`, left !== undefined && `about ${Math.ceil(left)} s left`]
    .filter(Boolean)
    .join(', ')
}

type Row = BackupReport['schemas'][number]
const COLUMNS: Column<Row>[] = [
  {title: 'schema', priority: 0, cell: ({schema}) => schema},
  {title: 'rows', priority: 1, cell: ({rows}) => count(rows)},
  {title: 'size', priority: 0, cell: ({bytes}) => size(bytes)},
]

/**
 * Renders the report of a backup: its archives, its path, and the commands that list and verify it.
 * @param flags the location flags, which these commands repeat
 */
export function backupSummary(
  {id, path, server, schemas, bytes, seconds, rotated}: BackupReport,
  flags: string,
): string {
  const sentences = [
    `Backup ${id} of ${server} is complete: ${size(bytes)} in ${seconds} s.`,
    ...(rotated && rotated.length > 0 ? [`Deleted by rotation: ${rotated.join(', ')}.`] : []),
  ].map(sentence => wrap(sentence, 0, process.stdout))
  const next = ['db:list', `db:verify ${id}`].map(command => `  aquastream ${command} ${flags}`)
  return [renderTable(COLUMNS, schemas), '', ...sentences, '', `  ${path}`, '', ...next].join('\n')
}

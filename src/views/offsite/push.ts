import type {ProgressUpdate} from '../../cli/progress/printer.js'
import {type Column, renderTable} from '../../cli/terminal/table.js'
import {wrap} from '../../cli/terminal/wrap.js'
import type {Pushed, PushEvent, PushReport} from '../../offsite/push.js'
import {size} from '../../system/text/size.js'
import {noticeUpdate} from '../notice.js'

/** Returns a function that turns the events of one push into progress updates. */
export function pushUpdates(): (event: PushEvent) => ProgressUpdate {
  return event => {
    switch (event.type) {
      case 'notice':
        return noticeUpdate(event.text)
      case 'tasks':
        return {tasks: event.names}
      case 'check':
        return {
          task: 'check',
          state: event.state,
          detail: event.state === 'done' ? 'no errors' : 'reading the index',
        }
      case 'store':
        return event.state === 'done'
          ? {task: event.store, state: 'done', detail: size(event.bytes)}
          : {task: event.store, state: 'running', detail: size(event.bytes), transient: true}
      case 'set':
        return event.state === 'done'
          ? {task: event.name, state: 'done', detail: size(event.total)}
          : {
              task: event.name,
              state: 'running',
              detail: `${size(event.bytes)} of ${size(event.total)}`,
              transient: true,
            }
    }
  }
}

type Row = Pick<Pushed, 'id' | 'bytes' | 'moved'>

const COLUMNS: Column<Row>[] = [
  {title: 'copied', priority: 0, cell: ({id}) => id},
  {title: 'size', priority: 0, cell: ({bytes}) => size(bytes)},
  {title: 'added', priority: 1, cell: ({moved}) => size(moved)},
]

/** Renders what was copied to the repository. */
export function pushSummary({repository, pushed, present, ignored, stores, notSaved}: PushReport): string {
  const rows = [...pushed, ...stores.map(({store, bytes, moved}) => ({id: store, bytes, moved}))]
  const sentences = [
    pushed.length > 0
      ? `Copied to ${repository}: ${counted(pushed.length)}. ${present} were already there.`
      : `${repository} has every complete backup (${present}).`,
    ...[...new Set(notSaved.map(({why}) => why))].map(
      why => `Not saved: ${storesWith(notSaved, why)}, because ${why}.`,
    ),
    ...(ignored.length > 0 ? [`Backups ignored because they are not complete: ${ignored.join(', ')}.`] : []),
  ].map(sentence => wrap(sentence, 0, process.stdout))
  return [...(rows.length > 0 ? [renderTable(COLUMNS, rows), ''] : []), ...sentences].join('\n')
}

function counted(backups: number): string {
  return backups === 1 ? '1 backup' : `${backups} backups`
}

function storesWith(notSaved: PushReport['notSaved'], why: string): string {
  return notSaved
    .filter(one => one.why === why)
    .map(({store}) => store)
    .join(', ')
}

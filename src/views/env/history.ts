import {printable} from '../../cli/terminal/printable.js'
import {renderTable} from '../../cli/terminal/table.js'
import {wrap} from '../../cli/terminal/wrap.js'
import type {HistoryReport} from '../../env/updates/history.js'

interface Row {
  at: string
  by: string
  command: string
  service: string
  from: string
  to: string
  result: string
}

/** Renders one line for each service of each update, newest first. */
export function historyTable({updates, profile}: HistoryReport): string {
  if (updates.length === 0) return wrap(`The ${profile} stack has no updates yet.`, 0, process.stdout)
  const rows = updates.flatMap(({at, by, command, changes}) =>
    changes.map(({service, from, to, result}): Row => ({
      at: `${at.slice(0, 19)}Z`,
      by,
      command,
      service,
      from: from ?? '-',
      to,
      result,
    })),
  )
  return renderTable(
    [
      {title: 'time', priority: 1, cell: row => printable(row.at)},
      {title: 'service', priority: 0, cell: row => printable(row.service)},
      {title: 'result', priority: 0, cell: row => printable(row.result)},
      {title: 'to', priority: 2, cell: row => printable(row.to)},
      {title: 'from', priority: 3, cell: row => printable(row.from)},
      {title: 'command', priority: 4, cell: row => printable(row.command)},
      {title: 'by', priority: 5, cell: row => printable(row.by)},
    ],
    rows,
  )
}

/** Says that a record is damaged. */
export function damagedText(path: string): string {
  return `${path} is damaged or cannot be read; its update is not listed, and env:rollback ignores it`
}

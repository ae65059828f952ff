import {type Column, renderTable} from '../../cli/terminal/table.js'
import type {Access} from '../../env/access.js'

const COLUMNS: Column<Access>[] = [
  {title: 'log in to', gives: 0, cell: ({service}) => service},
  {title: 'at', gives: 0, cell: ({address}) => address},
  {title: 'user', gives: 2, cell: ({user}) => user ?? '-'},
  {title: 'password', gives: 1, cell: ({password}) => password ?? '-'},
]

/** How people get into a running stack. */
export function accessTable(access: Access[]): string {
  return renderTable(COLUMNS, access)
}

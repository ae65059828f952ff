import {type Column, renderTable} from '../../cli/terminal/table.js'
import type {Access} from '../../env/access.js'

const COLUMNS: Column<Access>[] = [
  {title: 'log in to', priority: 0, cell: ({service}) => service},
  {title: 'address', priority: 0, cell: ({address}) => address},
  {title: 'user', priority: 2, cell: ({user}) => user ?? '-'},
  {title: 'password', priority: 1, cell: ({password}) => password ?? '-'},
]

/** Renders the addresses and logins of a running stack. */
export function accessTable(access: Access[]): string {
  return renderTable(COLUMNS, access)
}

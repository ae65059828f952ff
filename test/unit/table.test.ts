import {stripVTControlCharacters} from 'node:util'
import {expect, test} from 'vitest'
import {type Column, renderTable} from '../../src/cli/terminal/table.js'

type Row = [service: string, health: string, memory: string]

const COLUMNS: Column<Row>[] = [
  {title: 'service', priority: 0, cell: ([service]) => service},
  {title: 'memory', priority: 2, cell: ([, , memory]) => memory},
  {title: 'health', priority: 1, cell: ([, health]) => health},
]
const ROWS: Row[] = [
  ['notification', 'healthy', '12 MiB'],
  ['user', '\u001b[31munhealthy\u001b[39m', '-'],
]
const ALL = [
  'SERVICE       MEMORY  HEALTH',
  'notification  12 MiB  healthy',
  'user          -       unhealthy',
]

test.each([
  ['a wide terminal shows every column', {columns: 80, lines: ALL}],
  ['a terminal of sufficient width shows every column', {columns: 31, lines: ALL}],
  [
    'a narrower terminal omits the least important column',
    {columns: 30, lines: ['SERVICE       HEALTH', 'notification  healthy', 'user          unhealthy']},
  ],
  ['a narrow terminal shows only the names', {columns: 20, lines: ['SERVICE', 'notification', 'user']}],
  ['names are not truncated if nothing fits', {columns: 5, lines: ['SERVICE', 'notification', 'user']}],
])('%s', (_, {columns, lines}) => {
  expect(linesOf({isTTY: true, columns})).toEqual(lines)
})

test('a pipe gets every column, whatever its width', () => {
  expect(linesOf({isTTY: false, columns: 5})).toEqual(ALL)
})

test('no line of a table ends with spaces', () => {
  const last = {...COLUMNS[0]!, priority: 1}
  const text = renderTable([...COLUMNS.slice(1), last], ROWS, screen({isTTY: false, columns: 0}))
  expect(stripVTControlCharacters(text)).not.toMatch(/ $/m)
})

function linesOf(stdout: {isTTY: boolean; columns: number}): string[] {
  return stripVTControlCharacters(renderTable(COLUMNS, ROWS, screen(stdout))).split('\n')
}

/** Returns the part of a stream that determines the width. */
function screen(stdout: {isTTY: boolean; columns: number}): NodeJS.WriteStream {
  return stdout as unknown as NodeJS.WriteStream
}

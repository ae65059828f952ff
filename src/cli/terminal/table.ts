import {stripVTControlCharacters} from 'node:util'
import chalk from 'chalk'
import Table from 'cli-table3'

/** A column; those with the highest `gives` go first when the terminal is too narrow for all. */
export interface Column<Row> {
  title: string
  gives: number
  cell: (row: Row) => string
}

/** A table without borders, as wide as the terminal at most; a pipe gets every column. */
export function renderTable<Row>(
  columns: Column<Row>[],
  rows: Row[],
  stdout: NodeJS.WriteStream = process.stdout,
): string {
  const width = stdout.isTTY ? stdout.columns || 80 : Infinity
  const text = draw(columns, rows)
  const least = Math.max(...columns.map(({gives}) => gives))
  if (least === 0 || widthOf(text) <= width) return text
  return renderTable(
    columns.filter(({gives}) => gives < least),
    rows,
    stdout,
  )
}

/** The first of several ways to lay out rows that fits the terminal, else the last; a pipe gets the first. */
export function renderFitting<Row>(layouts: Column<Row>[][], rows: Row[]): string {
  const width = process.stdout.isTTY ? process.stdout.columns || 80 : Infinity
  const texts = layouts.map(columns => renderTable(columns, rows))
  return texts.find(text => widthOf(text) <= width) ?? texts.at(-1) ?? ''
}

function draw<Row>(columns: Column<Row>[], rows: Row[]): string {
  const none = Object.fromEntries(EDGES.map(edge => [edge, '']))
  const table = new Table({
    head: columns.map(({title}) => chalk.dim(title.toUpperCase())),
    chars: {...none, middle: '  '},
    style: {head: [], border: [], 'padding-left': 0, 'padding-right': 0},
  })
  table.push(...rows.map(row => columns.map(({cell}) => cell(row))))
  return table.toString().replace(/[ \t]+$/gm, '')
}

const EDGES = [
  'top',
  'top-mid',
  'top-left',
  'top-right',
  'bottom',
  'bottom-mid',
  'bottom-left',
  'bottom-right',
  'left',
  'left-mid',
  'mid',
  'mid-mid',
  'right',
  'right-mid',
] as const

function widthOf(text: string): number {
  return Math.max(...text.split('\n').map(line => stripVTControlCharacters(line).length))
}

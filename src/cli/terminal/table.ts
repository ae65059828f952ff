import {stripVTControlCharacters} from 'node:util'
import chalk from 'chalk'
import Table from 'cli-table3'

/** A column of a table. */
export interface Column<Row> {
  title: string
  /** 0 is always shown; in a narrow terminal, the columns with the largest number are left out first. */
  priority: number
  cell: (row: Row) => string
}

/** Renders a table without borders that fits the terminal; for a pipe, with every column. */
export function renderTable<Row>(
  columns: Column<Row>[],
  rows: Row[],
  stdout: NodeJS.WriteStream = process.stdout,
): string {
  const width = stdout.isTTY ? stdout.columns || 80 : Infinity
  const text = draw(columns, rows)
  const last = Math.max(...columns.map(({priority}) => priority))
  if (last === 0 || widthOf(text) <= width) return text
  return renderTable(
    columns.filter(({priority}) => priority < last),
    rows,
    stdout,
  )
}

/** Renders rows in the first layout that fits the terminal, else in the last one; for a pipe, in the first one. */
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

import chalk from 'chalk'
import stringWidth from 'string-width'

/** A column of a table. */
export interface Column<Row> {
  title: string
  /** 0 is always shown; in a narrow terminal, the columns with the largest number are omitted first. */
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
  const head = columns.map(({title}) => chalk.dim(title.toUpperCase()))
  const lines = [head, ...rows.map(row => columns.map(({cell}) => cell(row)))].flatMap(splitCells)
  const widths = columns.map((_, index) => maximum(lines.map(cells => widthOf(cells[index] ?? ''))))
  const pad = (cell: string, index: number): string => cell + ' '.repeat(widths[index]! - widthOf(cell))
  return lines.map(cells => cells.map(pad).join('  ').trimEnd()).join('\n')
}

/** Splits a row whose cells have several lines into one row for each line. */
function splitCells(row: string[]): string[][] {
  const cells = row.map(cell => cell.split('\n'))
  const height = maximum(cells.map(({length}) => length))
  return Array.from({length: height}, (_, line) => cells.map(texts => texts[line] ?? ''))
}

/** Returns the width of the longest line of a text, in columns. */
function widthOf(text: string): number {
  if (/^[ -~]*$/.test(text)) return text.length
  return maximum(text.split('\n').map(stringWidth))
}

/** Like Math.max, but without its limit on the number of arguments. */
function maximum(numbers: number[]): number {
  return numbers.reduce((largest, number) => Math.max(largest, number), 0)
}

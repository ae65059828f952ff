import {stripVTControlCharacters} from 'node:util'
import {type Column, renderTable} from './table.js'

/** Renders rows in the first layout that fits the terminal, else in the last one; for a pipe, in the first one. */
export function renderFitting<Row>(layouts: Column<Row>[][], rows: Row[]): string {
  const width = process.stdout.isTTY ? process.stdout.columns || 80 : Infinity
  const texts = layouts.map(columns => renderTable(columns, rows))
  return texts.find(text => widthOf(text) <= width) ?? texts.at(-1) ?? ''
}

function widthOf(text: string): number {
  return Math.max(...text.split('\n').map(line => stripVTControlCharacters(line).length))
}

import {stripVTControlCharacters} from 'node:util'
import {type Column, renderTable} from './table.js'

/** The first of several ways to lay out rows that fits the terminal, else the last; a pipe gets the first. */
export function renderFitting<Row>(layouts: Column<Row>[][], rows: Row[]): string {
  const width = process.stdout.isTTY ? process.stdout.columns || 80 : Infinity
  const texts = layouts.map(columns => renderTable(columns, rows))
  return texts.find(text => widthOf(text) <= width) ?? texts.at(-1) ?? ''
}

function widthOf(text: string): number {
  return Math.max(...text.split('\n').map(line => stripVTControlCharacters(line).length))
}

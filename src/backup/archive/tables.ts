import {decode, type Token} from './lexer.js'

/** A table of a dump, and the rows that the dump has for it. */
export interface DumpedTable {
  name: string
  rows: number
}

/** The tables of a dump, without those that only have partitions. */
export class DumpedTables {
  readonly #rows = new Map<string, number>()

  get list(): DumpedTable[] {
    return [...this.#rows].map(([name, rows]) => ({name, rows}))
  }

  /**
   * Records the table that a statement creates or fills.
   * @returns the name of the table; empty for a statement about no object of a schema
   */
  read(tokens: Token[]): string {
    const words = tokens.map(({text}) => text)
    const dot = words.indexOf('.')
    const table = decode(words[dot + 1] ?? '')
    const isTable = /^create (?:unlogged )?table$/.test(words.slice(0, dot - 1).join(' '))
    if (isTable && !words.join(' ').includes(' partition by ')) this.add(table, 0)
    // Each row is in parentheses.
    const values = words.indexOf('values')
    if (words[0] === 'insert') this.add(table, words.slice(values).filter(word => word === '(').length || 1)
    return table
  }

  add(table: string, rows: number): void {
    this.#rows.set(table, (this.#rows.get(table) ?? 0) + rows)
  }
}

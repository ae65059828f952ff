import {AquastreamError} from '../../errors.js'
import {decode, Lexer, UnsafeSqlError, type Token} from './lexer.js'
import {damaged} from './read.js'
import {findObjection} from './allowed-statements.js'
import {Statement} from './statement.js'
import {type DumpedTable, DumpedTables} from './tables.js'

/**
 * A line of SQL with its newline, or a chunk of the rows of a COPY, which begins with the newline of the COPY. `quoted`:
 * the line starts within a quoted text.
 */
export type Part = {line: Buffer; quoted: boolean} | {rows: Buffer}

const BEGINNING = '-- PostgreSQL database dump'
const TRAILER = '-- PostgreSQL database dump complete'

/**
 * Commands of pg_dump that the restore has its own of: between those of the first kind, psql rejects its own commands; the other
 * would let the restore wait for a lock without end.
 */
export const REPLACED = /^(?:\\(?:un)?restrict \w+|SET lock_timeout = 0;)\r?\n?$/

/** The rows of a COPY end with a line `\.`; psql accepts it with LF and with CRLF. */
const COPY_END = Buffer.from('\n\\.')
const LF = 0x0a
const CR = 0x0d

/**
 * Scans an archive before psql reads it: passes on the dump of one schema, and fails at the first content that does not
 * belong to it, such as a command of psql, the end of the transaction, or an object of another schema. A statement is
 * passed on only after it has been checked completely, because psql also runs an incomplete last statement.
 * @returns the tables of the dump, without those that only have partitions
 * @throws archive-damaged: the line number and the command are named, or the dump is not complete
 */
export async function* scanDump(
  sql: AsyncIterable<Buffer>,
  dump: {path: string; schema: string},
): AsyncGenerator<Part, DumpedTable[]> {
  const scanner = new Scanner(dump.schema)
  try {
    for await (const chunk of sql) yield* scanner.read(chunk)
    yield* scanner.end()
    return scanner.tables.list
  } catch (error) {
    if (!(error instanceof Rejection)) throw error
    throw rejected(dump.path, error, scanner.line)
  }
}

/** Why an archive is rejected; `isAtLine` is false if the line number does not matter. */
class Rejection extends Error {
  constructor(
    message: string,
    readonly hint?: string,
    readonly isAtLine = true,
  ) {
    super(message)
  }
}

function rejected(path: string, {message, hint, isAtLine}: Rejection, line: number): AquastreamError {
  const error = damaged(path, isAtLine ? `line ${line} contains ${message}` : message)
  return hint === undefined ? error : error.withHints(() => `nothing was changed; ${hint}`)
}

class Scanner {
  /** The number of the current line, counted from 1. */
  line = 1
  readonly tables = new DumpedTables()
  #rest: Buffer = Buffer.alloc(0)
  #isCopying = false
  #hasBeginning = false
  #hasEnded = false
  #statement = new Statement()
  /** Lines of a statement that is not complete. */
  #pending: {line: Buffer; quoted: boolean}[] = []
  /** Whether the rows of a COPY begin after the current line. */
  #startsCopy = false
  /** The table that a COPY fills, and the line of the COPY. */
  #copied = {table: '', line: 0}
  readonly #lexer = new Lexer(token => {
    if (this.#startsCopy) throw new Rejection('a command after COPY … FROM stdin')
    if (this.#statement.add(token)) this.#checkStatement()
  })

  constructor(private readonly schema: string) {}

  *read(chunk: Buffer): Generator<Part> {
    this.#rest = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk
    for (;;) {
      if (this.#isCopying) {
        const end = this.#copyEnd()
        const upTo = end ?? this.#incompleteMark()
        if (upTo > 0) yield {rows: this.#take(upTo)}
        if (end === undefined) return
        this.#isCopying = false
        // Between them are the rows, and the line with the end mark.
        this.tables.add(this.#copied.table, this.line - this.#copied.line - 2)
      }
      const end = this.#rest.indexOf(LF)
      if (end < 0) return
      const text = this.#rest.toString('latin1', 0, end + 1)
      const isCopy = yield* this.#readLine(text)
      this.#isCopying = isCopy
      // The rows keep the newline, because the end mark of an empty COPY starts with it.
      this.#rest = this.#rest.subarray(isCopy ? end : end + 1)
      if (!isCopy) this.line++
    }
  }

  *end(): Generator<Part> {
    if (!this.#isCopying && this.#rest.length > 0)
      this.#isCopying = yield* this.#readLine(this.#rest.toString('latin1'))
    if (!this.#hasBeginning) throw new Rejection('it was not written by pg_dump', undefined, false)
    const isOpen = this.#isCopying || this.#lexer.isOpen || !this.#statement.isEmpty
    if (isOpen || !this.#hasEnded) throw new Rejection('it is truncated', undefined, false)
  }

  /** The index after the end mark of the rows, or undefined. */
  #copyEnd(): number | undefined {
    for (let from = 0; ;) {
      const mark = this.#rest.indexOf(COPY_END, from)
      if (mark < 0) return undefined
      const next = mark + COPY_END.length
      const newline = this.#rest[next] === CR ? next + 1 : next
      if (this.#rest[newline] === LF) return newline + 1
      from = mark + 1
    }
  }

  /**
   * The index of the last bytes of a chunk that can be the beginning of an end mark. Most chunks have none, and then the next
   * chunk need not be copied.
   */
  #incompleteMark(): number {
    const newline = this.#rest.indexOf(LF, Math.max(this.#rest.length - COPY_END.length - 1, 0))
    return newline < 0 ? this.#rest.length : newline
  }

  #take(length: number): Buffer {
    const taken = this.#rest.subarray(0, length)
    this.#rest = this.#rest.subarray(length)
    // A search takes a fraction of the time of a loop over the bytes.
    for (let at = taken.indexOf(LF); at >= 0; at = taken.indexOf(LF, at + 1)) this.line++
    return taken
  }

  /** Returns whether the rows of a COPY follow. */
  *#readLine(text: string): Generator<Part, boolean> {
    const quoted = this.#lexer.isOpen
    const isBetween = this.#statement.isEmpty && !quoted
    if (isBetween && REPLACED.test(text)) return false
    if (isBetween) this.#readComment(text.trimEnd())
    const sql = this.#lex(text)
    const startsCopy = this.#startsCopy
    this.#startsCopy = false
    // The newline of a COPY comes with its rows.
    this.#pending.push({line: Buffer.from(startsCopy ? sql.trimEnd() : sql, 'latin1'), quoted})
    if (this.#lexer.isOpen || !this.#statement.isEmpty) return false
    yield* this.#pending
    this.#pending = []
    return startsCopy
  }

  #lex(text: string): string {
    try {
      return this.#lexer.read(text)
    } catch (error) {
      if (!(error instanceof UnsafeSqlError)) throw error
      const hint = error.message.startsWith('the psql command \\c')
        ? 'create the dump with pg_dump and without --create (-C)'
        : undefined
      throw new Rejection(error.message, hint)
    }
  }

  #readComment(line: string): void {
    if (line === BEGINNING) this.#hasBeginning = true
    if (line === TRAILER) this.#hasEnded = true
  }

  /** Checks a complete statement. */
  #checkStatement(): void {
    const {tokens} = this.#statement
    this.#statement = new Statement()
    if (tokens.length === 0) return
    if (this.#hasEnded) throw new Rejection(`the command ${nameOf(tokens)} after the end of the dump`)
    const objection = findObjection(tokens, this.schema)
    if (objection) throw new Rejection(`the command ${nameOf(tokens)}: ${objection.why}`, objection.hint)
    const table = this.tables.read(tokens)
    this.#startsCopy = tokens[0]?.text === 'copy'
    if (this.#startsCopy) this.#copied = {table, line: this.line}
  }
}

/** Returns the first words of a statement for a message. Strings are not shown, because they can be data of rows. */
function nameOf(tokens: Token[]): string {
  const name = tokens
    .slice(0, 4)
    .map(({text}) => text)
    .join(' ')
  return JSON.stringify(decode(name) + (tokens.length > 4 ? ' …' : ''))
}

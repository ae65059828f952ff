import {type Token, UnsafeSqlError} from './lexer.js'

/** No statement of a dump has more tokens outside of parentheses. */
const MOST = 100_000

/** What a statement in the body of a function in standard SQL can begin with, and the end of the body. */
const HEADS = new Set('select insert update delete merge return values with table ( end'.split(' '))

/** The words that psql counts. */
const NESTING = new Set(['begin', 'case', 'end'])

/**
 * One statement. It ends where psql considers it complete and sends it to the server. Text in which the server could see
 * an end that psql does not see is rejected, because a second statement could be hidden there.
 */
export class Statement {
  /** Its tokens outside of parentheses; of a SELECT also those within one level of parentheses. */
  readonly tokens: Token[] = []
  /** Its first words that are not quoted. psql recognizes CREATE FUNCTION and CREATE PROCEDURE by them. */
  readonly #words: string[] = []
  /** The number of BEGIN ATOMIC and CASE without their END. */
  #nesting = 0
  /** What has to come next in the body of a function. */
  #expected: 'atomic' | 'head' | undefined

  get isEmpty(): boolean {
    return this.#words.length === 0 && this.tokens.length === 0
  }

  /**
   * Adds a token.
   * @returns whether the statement has ended
   * @throws UnsafeSqlError
   */
  add(token: Token): boolean {
    const {kind, text, depth} = token
    if (kind === 'sign' && text === ';') return this.#endsAt(depth)
    const expected = this.#expected
    this.#expected = undefined
    if (expected === 'atomic' && !(kind === 'word' && text === 'atomic')) throw new UnsafeSqlError(BEGIN)
    if (expected === 'head' && !(HEADS.has(text) && (kind === 'word' || kind === 'sign')))
      throw new UnsafeSqlError(`the command ${text.toUpperCase()} in the body of a function`)
    if (expected === 'atomic') this.#expected = 'head'
    if (kind === 'word') this.#count(text, depth, expected === 'head')
    const isKept = depth === 0 || (depth === 1 && this.#words[0] === 'select')
    if (isKept && this.tokens.push(token) > MOST)
      throw new UnsafeSqlError(`a command of more than ${MOST} words`)
    return false
  }

  #endsAt(depth: number): boolean {
    if (this.#expected === 'atomic') throw new UnsafeSqlError(BEGIN)
    // Only the actions of a rule are separated by semicolons within parentheses.
    if (depth > 0 && !/^create (?:or replace )?rule\b/.test(this.#words.join(' ')))
      throw new UnsafeSqlError('a semicolon within parentheses')
    if (depth > 0) return false
    if (this.#nesting > 0) this.#expected = 'head'
    return this.#nesting === 0
  }

  /** Counts BEGIN, CASE and END as the rule for identifiers in src/fe_utils/psqlscan.l of PostgreSQL does. */
  #count(word: string, depth: number, isHead: boolean): void {
    if (this.#words.length < 4) this.#words.push(word)
    if (depth > 0 || !NESTING.has(word)) return
    if (!/^create (?:or replace )?(?:function|procedure)\b/.test(this.#words.join(' '))) return
    if (word === 'begin') {
      if (this.#nesting > 0) throw new UnsafeSqlError(BEGIN)
      this.#nesting = 1
      this.#expected = 'atomic'
    } else if (word === 'case' && this.#nesting > 0) this.#nesting++
    else if (word === 'end' && this.#nesting > 0) {
      this.#nesting--
      // The server interprets an END between two statements as the end of the body, and any other END as that of a CASE.
      if (isHead !== (this.#nesting === 0)) throw new UnsafeSqlError('the word END in an unexpected place')
    }
  }
}

const BEGIN = 'the word BEGIN outside of BEGIN ATOMIC'

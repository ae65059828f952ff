/** A token of SQL outside of comments. */
export interface Token {
  /**
   * `word`: a keyword or a name without quotes, in lower case; `name`: a quoted identifier; `text`: a string, without its
   * quotes; `sign`: any other character, of which `(`, `)`, `;`, `.` and `,` matter.
   */
  kind: 'word' | 'name' | 'text' | 'sign'
  text: string
  /** The number of open parentheses before it. */
  depth: number
}

/** SQL that psql and the server could parse differently, or that is a command of psql. */
export class UnsafeSqlError extends Error {}

/** What the end of a line is in: plain SQL, a comment, or a string or name that continues on the next line. */
type Mode = 'sql' | 'comment' | 'text' | 'escaped' | 'name' | 'dollar'

/** Patterns for the rest of a string or name, up to and including the closing quote, by mode. */
const REST = {
  text: /[^']*(?:''[^']*)*'(?!')/y,
  escaped: /[^'\\]*(?:(?:''|\\[^])[^'\\]*)*'(?!')/y,
  name: /[^"]*(?:""[^"]*)*"(?!")/y,
}

const SPACE = /[ \t\n\r\f]+/y
const LINE_COMMENT = /--[^\r\n]*/y
const WORD = /[A-Za-z_\x80-\xff][\w$\x80-\xff]*/y
const NUMBER = /(?:\d[\w.]*|\.\d\w*)/y
/** A colon that psql could interpret as the start of a variable. `::` precedes a type. */
const VARIABLE = /(?<!:):(?=[\w'"{\x80-\xff])/y
const DOLLAR = /\$(?:[A-Za-z_\x80-\xff][\w\x80-\xff]*)?\$/y
/** The prefixes of strings. A backslash has a special meaning only in a string with E. */
const PREFIX = /^(?:e|b|x|n|u&)$/

/**
 * Splits SQL into tokens as psql and the server do (src/fe_utils/psqlscan.l and src/backend/parser/scan.l of PostgreSQL).
 * Text that the two could parse differently, or in which psql would recognize one of its commands, is rejected, because
 * everything after it could be parsed differently than here. Lines are latin1, one character per byte.
 */
export class Lexer {
  #mode: Mode = 'sql'
  /** The closing tag of a dollar-quoted string. */
  #tag = ''
  /** The nesting of block comments. */
  #comments = 0
  #depth = 0
  #text = ''
  /** After a string with E: whether the next string continues it, because only a newline and spaces separate them. */
  #continues: 'no' | 'on a new line' | 'now' = 'no'

  constructor(private readonly emit: (token: Token) => void) {}

  /** Whether the next line starts within a string, a name or a comment. */
  get isOpen(): boolean {
    return this.#mode !== 'sql'
  }

  /**
   * Reads one line with its newline.
   * @returns the line, with a space after each colon that psql could interpret as the start of a variable
   * @throws UnsafeSqlError
   */
  read(line: string): string {
    let at = 0
    let kept = ''
    let from = 0
    while (at < line.length) {
      if (this.#mode !== 'sql') {
        at = this.#readOn(line, at)
        continue
      }
      if (match(VARIABLE, line, at) !== undefined) {
        kept += `${line.slice(from, at + 1)} `
        from = at + 1
      }
      at = this.#next(line, at)
    }
    return kept + line.slice(from)
  }

  #next(line: string, at: number): number {
    const space = match(SPACE, line, at)
    if (space !== undefined) {
      if (this.#continues === 'on a new line' && /[\n\r]/.test(space)) this.#continues = 'now'
      return at + space.length
    }
    const comment = match(LINE_COMMENT, line, at)
    if (comment !== undefined) return at + comment.length
    const continues = this.#continues === 'now' && line[at] === "'"
    this.#continues = 'no'
    if (line.startsWith('/*', at)) return this.#open('comment', at + 2)
    if (continues) return this.#open('escaped', at + 1)
    if (line[at] === "'") return this.#open('text', at + 1)
    if (line[at] === '"') return this.#open('name', at + 1)
    const tag = match(DOLLAR, line, at)
    if (tag !== undefined) {
      this.#tag = tag
      return this.#open('dollar', at + tag.length)
    }
    return this.#readWord(line, at) ?? this.#readSign(line, at)
  }

  #readWord(line: string, at: number): number | undefined {
    const word = (match(WORD, line, at) ?? match(NUMBER, line, at))?.toLowerCase()
    if (word === undefined) return undefined
    const end = at + word.length
    if (word === 'u' && /^&['"]/.test(line.slice(end, end + 2)))
      return this.#openPrefixed('u&', line, end + 1)
    if (line[end] === "'") return this.#openPrefixed(word, line, end)
    this.emit({kind: 'word', text: word, depth: this.#depth})
    return end
  }

  /** Opens the string or name whose quote directly follows a word; the word determines its kind. */
  #openPrefixed(prefix: string, line: string, quote: number): number {
    if (!PREFIX.test(prefix)) throw new UnsafeSqlError(`a quote right after ${prefix}`)
    if (line[quote] === '"') return this.#open('name', quote + 1)
    return this.#open(prefix === 'e' ? 'escaped' : 'text', quote + 1)
  }

  #readSign(line: string, at: number): number {
    const sign = line[at]!
    if (sign === '\\') throw new UnsafeSqlError(`the psql command ${/^\\\S*/.exec(line.slice(at))![0]}`)
    if (line.startsWith(':::', at)) throw new UnsafeSqlError('three colons')
    // Not every version treats a vertical tab as a space.
    if (sign === '\0' || sign === '\v') throw new UnsafeSqlError('a control character')
    if (sign === ')') this.#depth = Math.max(this.#depth - 1, 0)
    this.emit({kind: 'sign', text: sign, depth: this.#depth})
    if (sign === '(') this.#depth++
    return at + 1
  }

  #open(mode: Mode, at: number): number {
    this.#mode = mode
    this.#text = ''
    if (mode === 'comment') this.#comments = 1
    return at
  }

  /** Continues reading a comment, string or name. */
  #readOn(line: string, at: number): number {
    if (line.includes('\0', at)) throw new UnsafeSqlError('a control character')
    if (this.#mode === 'comment') return this.#readComment(line, at)
    const end = this.#endOf(line, at)
    this.#text += line.slice(at, end ?? line.length)
    if (end === undefined) return line.length
    const quote = this.#mode === 'dollar' ? this.#tag.length : 1
    this.#close(this.#text.slice(0, -quote))
    return end
  }

  #endOf(line: string, at: number): number | undefined {
    if (this.#mode === 'dollar') {
      const end = line.indexOf(this.#tag, at)
      return end < 0 ? undefined : end + this.#tag.length
    }
    const rest = match(REST[this.#mode as keyof typeof REST], line, at)
    return rest === undefined ? undefined : at + rest.length
  }

  #close(text: string): void {
    const kind = this.#mode === 'name' ? 'name' : 'text'
    if (this.#mode === 'escaped') this.#continues = 'on a new line'
    this.emit({kind, text: kind === 'name' ? text.replaceAll('""', '"') : text, depth: this.#depth})
    this.#mode = 'sql'
  }

  #readComment(line: string, at: number): number {
    const [mark] = /\/\*|\*\//.exec(line.slice(at)) ?? []
    if (mark === undefined) return line.length
    this.#comments += mark === '/*' ? 1 : -1
    if (this.#comments === 0) this.#mode = 'sql'
    return line.indexOf(mark, at) + 2
  }
}

/** Decodes the text of a token, which is latin1, one character per byte. */
export function decode(text: string): string {
  return Buffer.from(text, 'latin1').toString('utf8')
}

function match(pattern: RegExp, line: string, at: number): string | undefined {
  pattern.lastIndex = at
  return pattern.exec(line)?.[0]
}

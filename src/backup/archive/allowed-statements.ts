import {shellQuote} from '../../system/text/shell-quote.js'
import {identifier} from '../../system/text/sql-quote.js'
import {decode, type Token} from './lexer.js'

/** Why a statement does not belong in a dump of a single schema, and how to create a dump without it. */
export interface Objection {
  why: string
  hint?: string
}

/** The settings at the beginning of a dump (_doSetFixedOutputState in src/bin/pg_dump/pg_backup_archiver.c). */
const SETTINGS = words(
  'bytea_output check_function_bodies client_min_messages default_table_access_method default_tablespace default_with_oids escape_string_warning idle_in_transaction_session_timeout row_security statement_timeout transaction_timeout xmloption',
)

/** Encodings of clients in which a byte of a character can look like a quote or a backslash. */
const UNSAFE_ENCODING =
  /^(?:sjis|shift|mskanji|win932|windows932|big5|win950|windows950|gbk|win936|windows936|gb18030|uhc|win949|windows949|johab)/i

/** Objects that belong to a schema, by the first word of their type. */
const IN_SCHEMA = words(
  'aggregate collation column constraint conversion domain foreign function index materialized operator policy procedure rule sequence statistics table text trigger type view',
)

/** Words between CREATE and the type of the object. */
const MODIFIERS = words('or replace unlogged unique recursive default')

/** The words that an INSERT of pg_dump can contain; its rows are written as values. */
const INSERT_WORDS = words('overriding system user value values default on conflict do nothing')

const TRANSACTION = words('begin start commit end rollback abort prepare savepoint release')
const ROLES = words('role user group')
const CLUSTER = words('database tablespace')

const OUTSIDE = 'it does not belong in a dump of a single schema'

/**
 * Checks a statement by its tokens outside of parentheses: a dump of one schema only creates and fills the objects of
 * that schema.
 * @returns why the statement is not allowed; undefined if it is
 */
export function findObjection(tokens: Token[], schema: string): Objection | undefined {
  return new Rules(tokens, schema).objection()
}

class Rules {
  constructor(
    private readonly tokens: Token[],
    private readonly schema: string,
  ) {}

  objection(): Objection | undefined {
    const [first = ''] = this.#words(0)
    if (Rules.#CHECKS.get(first)?.(this) === true) return undefined
    if (TRANSACTION.has(first)) return {why: 'it would end the transaction of the restore'}
    if (first === 'drop') return {why: OUTSIDE, hint: 'create the dump without --clean (-c)'}
    const type = this.#typeAt(1)
    if (ROLES.has(type)) return {why: OUTSIDE, hint: 'create the dump with pg_dump, not with pg_dumpall'}
    if (CLUSTER.has(type)) return {why: OUTSIDE, hint: 'create the dump without --create (-C)'}
    const name = this.#name()
    if (name === undefined || name === this.schema) return {why: OUTSIDE}
    return {
      why: `it belongs to the schema ${name}`,
      hint: `dump a single schema: pg_dump -n ${shellQuote(identifier(this.schema))}`,
    }
  }

  /** By the first word. A map, because an object also has `constructor` and `__proto__`. */
  static readonly #CHECKS = new Map<string, (rules: Rules) => boolean>([
    ['create', rules => rules.#isDefinition(rules.#skipModifiers(1))],
    ['alter', rules => rules.#isAlteration()],
    ['comment', rules => rules.#isDefinition(rules.#after('on'))],
    ['security', rules => rules.#isDefinition(rules.#after('on'))],
    ['grant', rules => rules.#isGrant()],
    ['revoke', rules => rules.#isGrant()],
    ['copy', rules => rules.#isOurs(1) && /^(?:\( \) )?from stdin$/.test(rules.#words(4).join(' '))],
    ['insert', rules => rules.#isInsert()],
    ['refresh', rules => rules.#isOurs(rules.#nameAt())],
    ['select', rules => rules.#isCall()],
    ['set', rules => rules.#isSetting()],
    ['reset', rules => rules.#words(1).join(' ') === 'session authorization'],
  ])

  #words(from: number): string[] {
    return this.tokens.slice(from).map(({text}) => text)
  }

  #skipModifiers(from: number): number {
    const skipped = this.#words(from).findIndex(word => !MODIFIERS.has(word))
    return skipped < 0 ? this.tokens.length : from + skipped
  }

  #typeAt(index: number): string {
    return this.tokens[this.#skipModifiers(index)]?.text ?? ''
  }

  /** The index after the first token with this word. */
  #after(word: string): number {
    const index = this.#words(0).indexOf(word)
    return index < 0 ? this.tokens.length : index + 1
  }

  /** The index of the first schema-qualified name at or after `from`. */
  #nameAt(from = 1): number {
    const index = this.tokens.findIndex(
      ({kind}, at) => at >= from && kind !== 'sign' && kind !== 'text' && this.tokens[at + 1]?.text === '.',
    )
    return index < 0 ? this.tokens.length : index
  }

  /** The schema of the object that the statement refers to. */
  #name(): string | undefined {
    const token = this.tokens[this.#typeAt(1) === 'schema' ? 2 : this.#nameAt()]
    return token && decode(token.text)
  }

  #isOurs(index: number): boolean {
    const token = this.tokens[index]
    return token !== undefined && this.tokens[index + 1]?.text === '.' && decode(token.text) === this.schema
  }

  #isNamed(index: number): boolean {
    const token = this.tokens[index]
    return token !== undefined && decode(token.text) === this.schema
  }

  /** Whether `at` is the index of a type whose object is the schema, belongs to it, or is one of its extensions. */
  #isDefinition(at: number): boolean {
    const [type = ''] = this.#words(at)
    if (type === 'schema') return this.#isNamed(at + 1) && !this.#words(at + 2).includes('create')
    if (type === 'extension')
      return this.tokens[0]!.text === 'comment' || this.#isNamed(this.#after('schema'))
    if (type === 'foreign' && this.#words(at)[1] !== 'table') return false
    return IN_SCHEMA.has(type) && this.#isOurs(this.#nameAt(at))
  }

  #isAlteration(): boolean {
    const all = this.#words(1)
    const [type, next] = all
    if (type === 'default' && next === 'privileges') return this.#isNamed(this.#after('schema'))
    if (type === 'publication') return this.#areAllOurs() && !all.includes('drop')
    // A partition is attached to a table or an index that can be in another schema.
    if ((type === 'table' || type === 'index') && all.includes('attach'))
      return this.#isOurs(this.#after('partition'))
    const movesAway = all.join(' ').includes(' set schema ')
    if (type === 'schema') return this.#isNamed(2) && all[2] === 'owner'
    return type !== 'extension' && !movesAway && this.#isDefinition(1)
  }

  #areAllOurs(): boolean {
    const names = this.tokens.flatMap((_, index) => (this.#nameAt(index) === index ? [index] : []))
    const inSchema = this.#words(0).includes('schema') && this.#isNamed(this.#after('schema'))
    return names.length > 0 ? names.every(index => this.#isOurs(index)) : inSchema
  }

  #isGrant(): boolean {
    const on = this.#after('on')
    const [type = ''] = this.#words(on)
    if (type === 'schema') return this.#isNamed(on + 1) && this.#words(on + 2)[0] !== ','
    return type !== 'large' && this.#areAllOurs()
  }

  #isInsert(): boolean {
    const rest = this.#words(5).filter(word => !/^[(),]$/.test(word))
    return this.#words(1)[0] === 'into' && this.#isOurs(2) && rest.every(word => INSERT_WORDS.has(word))
  }

  /** A call of a function of pg_catalog with constants. */
  #isCall(): boolean {
    const texts = this.tokens.filter(({kind}) => kind === 'text').map(({text}) => text)
    const shape = this.tokens.map(({kind, text}) => (kind === 'text' ? "'" : text)).join(' ')
    if (shape === "select pg_catalog . set_config ( ' , ' , false )") return texts.join() === 'search_path,'
    if (/^select pg_catalog \. setval \( ' , \d+ , \w+ \)$/.test(shape)) return this.#isOurText(texts[0]!)
    return /^select \* from pg_catalog \. pg_restore_\w+_stats \( [^()]* \)$/.test(shape)
  }

  /** A name in a string, such as '"user".accounts_id_seq'. */
  #isOurText(text: string): boolean {
    const [, quoted, plain] = /^(?:"((?:[^"]|"")*)"|([a-z_][\w$]*))\./.exec(text) ?? []
    const name = quoted?.replaceAll('""', '"') ?? plain
    return name !== undefined && decode(name.replaceAll("''", "'")) === this.schema
  }

  #isSetting(): boolean {
    const [name = '', , ...values] = this.#words(1)
    if (name === 'session') return this.#words(2)[0] === 'authorization'
    if (name === 'client_encoding') return !UNSAFE_ENCODING.test(values.join(''))
    if (name === 'standard_conforming_strings') return values.join('') === 'on'
    if (name === 'search_path')
      return values.every(word => [',', '', 'pg_catalog'].includes(word) || decode(word) === this.schema)
    return SETTINGS.has(name)
  }
}

function words(text: string): Set<string> {
  return new Set(text.split(' '))
}

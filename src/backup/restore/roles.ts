import {gunzipSync} from 'node:zlib'
import {AquastreamError} from '../../errors.js'
import {identifier} from '../../system/text/sql-quote.js'
import {decode, Lexer, type Token, UnsafeSqlError} from '../archive/lexer.js'
import {REPLACED} from '../archive/scan.js'
import {Statement} from '../archive/statement.js'

/**
 * Extracts from the archive of the roles the statements that create the roles missing on a server, with their
 * attributes, settings, comments and memberships. Existing roles are not changed. Backups contain no passwords.
 * @param globals the gzip-compressed output of pg_dumpall
 * @param existing names of the roles of the server
 * @throws archive-damaged
 */
export function missingRoles(globals: Buffer, existing: string[]): {roles: string[]; statements: string[]} {
  const all = statementsOf(gunzipSync(globals).toString('latin1')).flatMap(toRoleStatement)
  const missing = all
    .flatMap(({creates}) => creates ?? [])
    .filter(role => !existing.includes(decode(role.text)))
  const isMissing = (role: Token): boolean =>
    missing.some(({kind, text}) => kind === role.kind && text === role.text)
  return {
    roles: missing.map(({text}) => decode(text)),
    statements: all.filter(({roles}) => roles.some(isMissing)).map(({sql}) => decode(sql)),
  }
}

/** A complete statement, and the lines that contain it and nothing else. Both are latin1, one character per byte. */
interface WholeStatement {
  tokens: Token[]
  lines: string
}

/**
 * Splits SQL into statements, as psql does. A statement that shares a line with another one is left out: pg_dumpall writes
 * none.
 * @throws archive-damaged: it contains a command of psql, or text that psql and the server could parse differently
 */
function statementsOf(sql: string): WholeStatement[] {
  const statements: WholeStatement[] = []
  let statement = new Statement()
  let complete: Token[][] = []
  let lines = ''
  const lexer = new Lexer(token => {
    if (!statement.add(token)) return
    complete.push(statement.tokens)
    statement = new Statement()
  })
  for (const line of sql.split(/(?<=\n)/)) {
    const isBetween = statement.isEmpty && !lexer.isOpen
    if (isBetween && REPLACED.test(line)) continue
    lines += readLine(lexer, line)
    if (lexer.isOpen || !statement.isEmpty) continue
    const [tokens, ...others] = complete
    if (tokens && others.length === 0) statements.push({tokens, lines: lines.trim()})
    complete = []
    lines = ''
  }
  return statements
}

function readLine(lexer: Lexer, line: string): string {
  try {
    return lexer.read(line)
  } catch (error) {
    if (!(error instanceof UnsafeSqlError)) throw error
    throw new AquastreamError(
      'archive-damaged',
      `the archive of the roles is damaged: it contains ${error.message}`,
      {hint: 'nothing was changed; choose another backup: aquastream db:list'},
    )
  }
}

/** A statement about roles. */
interface RoleStatement {
  /** The roles that it is about. */
  roles: Token[]
  /** The role that it creates. */
  creates?: Token
  sql: string
}

/** A name in the shape of a statement. */
const NAME = String.raw`(?:"|[a-z_\x80-\xff][\w$\x80-\xff]*)`
const CREATE = new RegExp(`^create role ${NAME}$`)
const ALTER = new RegExp(`^alter role ${NAME} (?:with|set|in) `)
const COMMENT = new RegExp(`^comment on role ${NAME} is '$`)
const GRANT = new RegExp(`^grant ${NAME} to ${NAME}(?: with [a-z ,]+)?(?: granted by ${NAME})?$`)

/** Reads a statement of one of the kinds that create a role; returns nothing for any other one. */
function toRoleStatement({tokens, lines: sql}: WholeStatement): RoleStatement[] {
  const shape = tokens.map(({kind, text}) => ({word: text, sign: text, name: '"', text: "'"})[kind]).join(' ')
  const role = tokens[2]!
  if (CREATE.test(shape)) return [{roles: [role], creates: role, sql}]
  if (ALTER.test(shape)) return [{roles: [role], sql}]
  if (COMMENT.test(shape)) return [{roles: [tokens[3]!], sql}]
  if (GRANT.test(shape)) return [{roles: [tokens[1]!, tokens[3]!], sql: withoutGrantor(tokens)}]
  return []
}

/** The grantor may be a role that does not exist. */
function withoutGrantor(tokens: Token[]): string {
  const end = tokens.findIndex(({kind, text}, index) => index > 3 && kind === 'word' && text === 'granted')
  const kept = end < 0 ? tokens : tokens.slice(0, end)
  return `${kept.map(({kind, text}) => (kind === 'name' ? identifier(text) : text)).join(' ')};`
}

import {gunzipSync} from 'node:zlib'

/** The name of a role as pg_dumpall writes it, quoted where necessary. */
const ROLE = String.raw`("(?:[^"]|"")+"|[^\s";]+)`

/**
 * Extracts from the archive of the roles the statements that create the roles missing on a server, with their
 * attributes and memberships. Existing roles are not changed. Backups contain no passwords.
 * @param globals the gzip-compressed output of pg_dumpall
 * @param existing names of the roles of the server
 */
export function missingRoles(globals: Buffer, existing: string[]): {roles: string[]; statements: string[]} {
  const all = statementsOf(gunzipSync(globals).toString('utf8'))
  const roles = all
    .flatMap(statement => new RegExp(`^CREATE ROLE ${ROLE};$`).exec(statement)?.[1] ?? [])
    .filter(role => !existing.includes(unquote(role)))
  const about = (statement: string): string | undefined =>
    new RegExp(`^(?:CREATE|ALTER|COMMENT ON) ROLE ${ROLE}[ ;]`).exec(statement)?.[1] ??
    new RegExp(`^GRANT .* TO ${ROLE}[ ;]`).exec(statement)?.[1]
  const granted = (statement: string): string | undefined =>
    new RegExp(`^GRANT ${ROLE} TO `).exec(statement)?.[1]
  const statements = all
    .filter(statement => [about(statement), granted(statement)].some(role => roles.includes(role ?? '')))
    // The grantor may be a role that does not exist.
    .map(statement => statement.replace(/ GRANTED BY .*;$/, ';'))
  return {roles: roles.map(unquote), statements}
}

/**
 * Splits SQL into statements, without comments and psql commands. A line in a quoted text can look like a
 * statement.
 */
function statementsOf(sql: string): string[] {
  const statements: string[] = []
  let statement = ''
  for (const [token] of sql.matchAll(/'(?:[^']|'')*'|"(?:[^"]|"")*"|(?:--|\\)[^\n]*|;|[^'";\\-]+|-/g)) {
    if (/^(--|\\)/.test(token)) continue
    statement += token
    if (token !== ';') continue
    statements.push(statement.trim())
    statement = ''
  }
  return statements
}

function unquote(role: string): string {
  return role.startsWith('"') ? role.slice(1, -1).replaceAll('""', '"') : role
}

import {gunzipSync} from 'node:zlib'

/** A role in the text of pg_dumpall, as it is written there: quoted where it must be. */
const ROLE = String.raw`("(?:[^"]|"")+"|[^\s";]+)`

/**
 * The statements that make the roles which are missing on a server, with their attributes and memberships,
 * from a globals archive. Those that exist stay as they are. Passwords are in no backup.
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
    // Who granted it may be a role that is not there.
    .map(statement => statement.replace(/ GRANTED BY .*;$/, ';'))
  return {roles: roles.map(unquote), statements}
}

/** Without comments and commands of psql. A line of a quoted text may look like a statement, and is none. */
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

import {gunzipSync} from 'node:zlib'

/** A role in the text of pg_dumpall, as it is written there: quoted where it must be. */
const ROLE = String.raw`("(?:[^"]|"")+"|[^\s";]+)`

/**
 * The statements that make the roles which are missing on a server, with their attributes and memberships,
 * from a globals archive. Those that exist stay as they are. Passwords are in no backup.
 */
export function missingRoles(globals: Buffer, existing: string[]): {roles: string[]; statements: string[]} {
  const lines = gunzipSync(globals).toString('utf8').split('\n')
  const roles = lines
    .flatMap(line => new RegExp(`^CREATE ROLE ${ROLE};$`).exec(line)?.[1] ?? [])
    .filter(role => !existing.includes(unquote(role)))
  const about = (line: string): string | undefined =>
    new RegExp(`^(?:CREATE ROLE|ALTER ROLE) ${ROLE}[ ;]`).exec(line)?.[1] ??
    new RegExp(`^GRANT .* TO ${ROLE}[ ;]`).exec(line)?.[1]
  const statements = lines
    .filter(line => roles.includes(about(line) ?? ''))
    // Who granted it may be a role that is not there.
    .map(line => line.replace(/ GRANTED BY .*;$/, ';'))
  return {roles: roles.map(unquote), statements}
}

function unquote(role: string): string {
  return role.startsWith('"') ? role.slice(1, -1).replaceAll('""', '"') : role
}

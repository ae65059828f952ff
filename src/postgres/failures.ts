/** The operation that the server refused. */
export type Operation = 'backup' | 'restore' | 'verify'

interface SqlFailure extends Partial<Record<Operation, string>> {
  /** The hint for all operations; the hint of a single operation takes precedence. */
  hint?: string
  /**
   * The cause is the server, its load or the user, not the backup: a backup whose test restore fails with this
   * error can be valid.
   */
  isServerFault?: true
}

const DEFAULT_HINT = 'fix the error reported by the server, then run the command again'

const SERVER: SqlFailure = {isServerFault: true}
const CONNECTION: SqlFailure = {
  hint: 'check whether the server is running (aquastream env:status), then run the command again',
  isServerFault: true,
}
const MISSING_OR_PRESENT: SqlFailure = {
  restore:
    'an object that the backup requires is missing, or an object that it creates already exists; to restore into another database, use --into',
}
const BAD_BACKUP: SqlFailure = {hint: 'choose another backup: aquastream db:list'}

/**
 * Hints by SQLSTATE. A key is a SQLSTATE, or its class (the first two characters), or, for the few SQLSTATEs with
 * two meanings, a SQLSTATE and the source file of the server that reports it.
 * https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const FAILURES: Record<string, SqlFailure> = {
  // Connection exceptions.
  '08': CONNECTION,
  '57P01': CONNECTION,
  '57P02': CONNECTION,
  '57P03': CONNECTION,
  // Deadlocks and serialization failures; insufficient resources; cancelled statements; a database in use; I/O
  // errors.
  '40': SERVER,
  '53': SERVER,
  '57': SERVER,
  '40P01': {
    hint: 'run the command again',
    restore:
      'the restore deadlocked with a transaction that had read a table and was waiting to write to it: stop the service that uses the schema (aquastream env:stop), then run the command again',
    isServerFault: true,
  },
  '55006': SERVER,
  '58030': SERVER,
  '53100': {hint: 'free disk space on the server, then run the command again', isServerFault: true},
  '53200 lock.c': {
    hint: 'increase max_locks_per_transaction on the server, then restart it',
    isServerFault: true,
  },
  '55P03': {
    hint: 'another session holds a lock on a table: find it with SELECT * FROM pg_stat_activity',
    backup:
      'another session has locked a table for more than a minute: find it with SELECT * FROM pg_stat_activity, then run the command again',
    restore:
      'other sessions hold locks on the tables: stop the service that uses the schema, or wait longer with --lock-timeout',
    isServerFault: true,
  },
  '42501': {
    hint: 'connect as a user with the required privileges: the owner or a superuser',
    backup: 'connect as a user who can read all tables: the owner or a superuser',
    isServerFault: true,
  },
  '23503': {
    restore:
      'rows of another schema refer to rows that this backup does not contain: restore all schemas with --all, or inspect the backup in another database with --into',
  },
  // Databases, schemas, columns, functions, tables and other objects that are missing or exist already.
  '3D000': MISSING_OR_PRESENT,
  '3F000': MISSING_OR_PRESENT,
  '42703': MISSING_OR_PRESENT,
  '42704': MISSING_OR_PRESENT,
  '42883': MISSING_OR_PRESENT,
  '42P01': MISSING_OR_PRESENT,
  '42701': MISSING_OR_PRESENT,
  '42710': MISSING_OR_PRESENT,
  '42723': MISSING_OR_PRESENT,
  '42P04': MISSING_OR_PRESENT,
  '42P06': MISSING_OR_PRESENT,
  '42P07': MISSING_OR_PRESENT,
  '42704 guc.c': {
    restore:
      'the archive was written by a newer pg_dump, and this server does not support it: restore it into a newer server',
  },
  // Raised by infra/backup/restore.sh.
  QS001: {
    hint: 'drop these objects first and recreate them afterwards, or restore into another database with --into',
  },
  QS002: BAD_BACKUP,
  QS003: {
    hint: 'the connection was lost while the archive was being sent: run the command again',
    isServerFault: true,
  },
  QS004: {hint: 'choose an archive of this schema, or specify the schema that the archive contains'},
  QS005: BAD_BACKUP,
  QS006: {hint: 'stop the service that creates tables, then run the command again', isServerFault: true},
}

/** The SQLSTATE with which restore.sh reports dependents that cannot be recreated. */
export const DEPENDENTS = 'QS001'

/** The SQLSTATE of a failed connection. psql reports no SQLSTATE in this case, but exits with status 2. */
const CONNECTION_FAILURE = '08006'
/** https://www.postgresql.org/docs/current/app-psql.html, section Exit Status */
export const PSQL_CONNECTION_FAILURE = 2

/** Returns the hint for an error of the server. */
export function hintFor(error: ErrorCode, operation: Operation): string {
  const failure = find(error)
  return error.hint ?? failure[operation] ?? failure.hint ?? DEFAULT_HINT
}

/** Returns whether a backup can be valid although its test restore failed with this error. */
export function isServerFault(error: ErrorCode): boolean {
  return find(error).isServerFault ?? false
}

function find({state, source}: ErrorCode): SqlFailure {
  return FAILURES[`${state} ${source}`] ?? FAILURES[state] ?? FAILURES[state.slice(0, 2)] ?? {}
}

type ErrorCode = Pick<SqlError, 'state' | 'source' | 'hint'>

/** An error that the server reported. No decision depends on its message, because the server translates it. */
export class SqlError extends Error {
  /** A more specific hint than the one for the SQLSTATE. */
  hint?: string | undefined

  constructor(
    /** The SQLSTATE: five characters. */
    readonly state: string,
    message: string,
    /** The source file of the server that reported the error, such as `lock.c`, if known. */
    readonly source?: string,
  ) {
    super(message)
    this.name = 'SqlError'
  }
}

/** `ERROR:  55P03: canceling statement due to lock timeout`, as psql prints it with VERBOSITY verbose. */
const ERROR = /^[^:]+: {2}([0-9A-Z]{5}): (.*)$/
/** `LOCATION:  LockAcquireExtended, lock.c:1041`, which VERBOSITY verbose adds. */
const LOCATION = /^[^:]+: {2}(?:\w+, )?([\w.-]+):\d+$/
/** SQLSTATE classes that are not errors: success, warning, no data. */
const NO_ERROR = /^0[0-2]/
/**
 * `pg_dump: error: query failed: ERROR:  permission denied for table t`. Only a message of the server follows two
 * spaces.
 */
const PASSED_ON = /^(?:psql|pg_\w+): .*?: {2}(.*)$/
/** `psql: error: `, whose second word is translated. */
const PREFIX = /^(?:psql|pg_\w+): [^:]+: +/

/**
 * Returns the error that stopped a script run by psql with VERBOSITY verbose; undefined when something else stopped it.
 * It is found by its codes, because the words before them are translated.
 */
export function findSqlError({exitCode, stderr}: {exitCode: number; stderr: string}): SqlError | undefined {
  const lines = stderr.split('\n')
  for (const [index, line] of lines.entries()) {
    const [, state, message = ''] = ERROR.exec(line) ?? []
    if (state === undefined || NO_ERROR.test(state)) continue
    const location = lines.slice(index).find(other => LOCATION.test(other)) ?? ''
    return new SqlError(state, message, LOCATION.exec(location)?.[1])
  }
  return exitCode === PSQL_CONNECTION_FAILURE ? new SqlError(CONNECTION_FAILURE, causeIn(stderr)) : undefined
}

/** Returns whether the connection failed, or the server is starting or stopping. */
export function isConnectionFailure({state}: Pick<SqlError, 'state'>): boolean {
  return FAILURES[state] === CONNECTION || FAILURES[state.slice(0, 2)] === CONNECTION
}

/**
 * Lines that come before the cause: warnings of the server, of libpq, of psql and of the perl script that starts psql on
 * Debian; and lines that continue another one.
 */
const NO_CAUSE = /^(?:\s|perl: |WARNING: |(?:psql|pg_\w+): warning: |[^:]+: {2}0[0-2][0-9A-Z]{3}: )/

/**
 * Returns the line of the output that states the cause: the first error of the server, else the first line of psql or
 * pg_dump, else the first of all. Later lines give details, or come from programs that failed because of the first one. It
 * is only shown, never parsed, because it can be in any language.
 */
export function causeIn(stderr: string): string {
  const lines = linesOf(stderr)
  const candidates = lines.filter(line => !NO_CAUSE.test(line))
  const passedOn = lines.flatMap(line => PASSED_ON.exec(line)?.[1] ?? [])
  const first = candidates.find(line => PREFIX.test(line)) ?? candidates[0] ?? lines[0]
  return (
    findSqlError({exitCode: 0, stderr})?.message ??
    passedOn[0] ??
    first?.replace(PREFIX, '') ??
    'the connection was lost'
  )
}

/** Returns the lines that psql or pg_dump wrote, as evidence: libpq writes two for each host. */
export function evidenceLines(stderr: string): string[] {
  return linesOf(stderr).slice(0, 24)
}

function linesOf(stderr: string): string[] {
  return stderr.split('\n').filter(line => line.trim() !== '' && !LOCATION.test(line))
}

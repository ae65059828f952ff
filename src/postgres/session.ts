import {randomBytes} from 'node:crypto'
import {AquastreamError} from '../errors.js'
import {succeeds} from '../system/succeeds.js'
import {splitLines} from '../system/text/split-lines.js'
import {causeIn, evidenceLines, hintFor, PSQL_CONNECTION_FAILURE, SqlError} from './failures.js'
import {readOutput} from './output.js'
import type {RunOptions, Server} from './server.js'

/** One open connection, which can hold a transaction or an advisory lock. */
export interface Session {
  /**
   * Returns the rows as psql prints them without alignment; an empty list for a statement without rows.
   * @throws SqlError; database-unreachable
   */
  query(sql: string): Promise<string[]>
  /**
   * Returns a JSON value from a query with one row and one column; null for NULL.
   * @throws SqlError; database-unreachable
   */
  json<T>(sql: string): Promise<T>
}

/**
 * Settings of the session. infra/backup/backup.sh gives most of them to the server as startup options, which a connection
 * pooler can ignore. transaction_timeout would end a long transaction; versions before 17 do not have it.
 * https://www.postgresql.org/docs/current/runtime-config-client.html
 */
const SETTINGS = `
  SELECT set_config(s.name, s.value, false)
  FROM (VALUES ('statement_timeout', '0'), ('idle_in_transaction_session_timeout', '0'), ('idle_session_timeout', '0'),
    ('transaction_timeout', '0'), ('default_transaction_read_only', 'off'), ('standard_conforming_strings', 'on'),
    ('row_security', 'off'), ('jit', 'off'), ('search_path', ''), ('client_min_messages', 'warning'),
    ('lock_timeout', '60s')) s (name, value)
  JOIN pg_settings p USING (name) WHERE name <> 'lock_timeout' OR p.setting = '0'`

/**
 * Opens a session for the duration of the work.
 * @throws database-unreachable, refused; also the errors of the work
 */
export function withSession<T>(
  server: Server,
  options: RunOptions,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  return withPlainSession(server, options, async session => {
    // Before the settings: a pooler would leave them on a connection that others use.
    if (server.mayBePooled) await requireOwnBackend(session, server, options)
    server.mayBePooled = false
    await session.query(SETTINGS)
    return work(session)
  })
}

/** Opens a session without settings. */
async function withPlainSession<T>(
  server: Server,
  options: RunOptions,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const program = server.run('backup', ['session'], options)
  // A random mark separates rows from the outcome, because a row can contain any text.
  const mark = `aquastream-${randomBytes(8).toString('hex')}`
  const lines = splitLines(program.stdout)
  let isOpen = false
  const readToMark = async (): Promise<string[]> => {
    const rows: string[] = []
    for (;;) {
      const next = await lines.next()
      if (next.done) throw await lost(server, await program.ended, isOpen)
      if (next.value === mark) return rows
      rows.push(next.value)
    }
  }
  const run = async (sql: string): Promise<string[]> => {
    program.stdin.write(
      `${sql}\n;\n\\echo ${mark}\n\\echo :ERROR :SQLSTATE :LAST_ERROR_MESSAGE\n\\echo ${mark}\n`,
    )
    const rows = await readToMark()
    isOpen = true
    const [outcome = '', ...more] = await readToMark()
    if (outcome.startsWith('false')) return rows
    const [, state, message] = /^true (\S+) (.*)$/s.exec([outcome, ...more].join('\n')) ?? []
    throw new SqlError(state ?? '', message ?? outcome)
  }
  let previous: Promise<unknown> = Promise.resolve()
  // One statement after the other, because nothing in the output tells the rows of two statements apart.
  const query = (sql: string): Promise<string[]> => {
    const rows = previous.then(() => run(sql))
    previous = rows.catch(() => undefined)
    return rows
  }
  try {
    return await work({
      query,
      json: async sql => JSON.parse((await query(sql)).join('\n') || 'null') as never,
    })
  } finally {
    program.stdin.end()
    program.kill()
  }
}

/**
 * Returns an error handler that converts a SqlError into a failure with this code and the matching hint. Other
 * errors are thrown unchanged.
 * @throws the given code
 */
export function refusedAs(code: keyof typeof ATTEMPTS) {
  return (error: unknown): never => {
    if (!(error instanceof SqlError)) throw error
    throw new AquastreamError(code, `the server reported an error: ${error.message}`, {
      hint: hintFor(error, ATTEMPTS[code]),
      cause: error,
    })
  }
}

const ATTEMPTS = {
  'backup-failed': 'backup',
  'restore-failed': 'restore',
  'database-refused': 'verify',
} as const

/** Creates the error of a session that ended, or that psql could not open. */
async function lost(
  server: Server,
  ended: {exitCode: number; stderr: string},
  wasOpen: boolean,
): Promise<AquastreamError> {
  const {stderr} = ended
  const lines = evidenceLines(stderr)
  const refused = wasOpen ? undefined : await refusedOptions(server, ended)
  if (refused) return refused
  return new AquastreamError(
    'database-unreachable',
    `the connection to ${server.name} failed: ${causeIn(stderr)}`,
    {
      hint: 'check that the server is running (aquastream env:status) and accepts this user (psql with the same URL)',
      evidence: lines.length > 1 ? [{title: 'output of psql', lines}] : [],
    },
  )
}

/**
 * Returns the error of a connection that failed because of the startup options. A server that was not available for a moment
 * accepts a connection with them as well.
 */
async function refusedOptions(
  server: Server,
  {exitCode, stderr}: {exitCode: number; stderr: string},
): Promise<AquastreamError | undefined> {
  if (!server.mayBePooled || exitCode !== PSQL_CONNECTION_FAILURE) return undefined
  const reaches = (options: string): Promise<boolean> =>
    succeeds(readOutput(server.run('backup', ['connect', options])))
  if (!(await reaches('without')) || (await reaches('with'))) return undefined
  return new AquastreamError(
    'refused',
    `${server.name} does not accept startup options: ${causeIn(stderr)}`,
    {
      hint: `a connection pooler refuses them; ${DIRECTLY}, or set ignore_startup_parameters = options and pool_mode = session in pgbouncer`,
    },
  )
}

/**
 * Checks that a session keeps its backend. A connection pooler in transaction mode gives each transaction any backend:
 * a lock would stay on it after the session, and a snapshot would be lost.
 * @throws refused
 */
async function requireOwnBackend(session: Session, server: Server, options: RunOptions): Promise<void> {
  const ownBackend = 'SELECT to_json(pg_backend_pid())'
  // Both sessions connect at the same time, which takes longer than the queries. The SQL to run after a session is not for
  // this one: it would compete for the lock.
  await withPlainSession(server, {...options, env: {}}, async other => {
    const first = await session.json<number>(ownBackend)
    // While the transaction lasts, the other session keeps its backend. A pooler gives it the one that was used last.
    const second = await other.json<number>(`BEGIN \\; ${ownBackend}`)
    if (second !== first && (await session.json<number>(ownBackend)) === first) return
    throw new AquastreamError(
      'refused',
      `${server.name} is a connection pooler that does not keep sessions`,
      {
        hint: `${DIRECTLY}, or set pool_mode = session in pgbouncer`,
      },
    )
  })
}

const DIRECTLY = 'connect to PostgreSQL itself'

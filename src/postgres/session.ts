import {randomBytes} from 'node:crypto'
import {AquastreamError} from '../errors.js'
import {splitLines} from '../system/text/split-lines.js'
import {causeIn, evidenceLines, hintFor, SqlError} from './failures.js'
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
 * Opens a session for the duration of the work.
 * @throws database-unreachable; also the errors of the work
 */
export async function withSession<T>(
  server: Server,
  options: RunOptions,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const program = server.run('backup', ['session'], options)
  // A random mark separates rows from the outcome, because a row can contain any text.
  const mark = `aquastream-${randomBytes(8).toString('hex')}`
  const lines = splitLines(program.stdout)
  const readToMark = async (): Promise<string[]> => {
    const rows: string[] = []
    for (;;) {
      const next = await lines.next()
      if (next.done) throw unreachable(server, (await program.ended).stderr)
      if (next.value === mark) return rows
      rows.push(next.value)
    }
  }
  const query = async (sql: string): Promise<string[]> => {
    program.stdin.write(
      `${sql}\n;\n\\echo ${mark}\n\\echo :ERROR :SQLSTATE :LAST_ERROR_MESSAGE\n\\echo ${mark}\n`,
    )
    const rows = await readToMark()
    const [outcome = '', ...more] = await readToMark()
    if (outcome.startsWith('false')) return rows
    const [, state, message] = /^true (\S+) (.*)$/s.exec([outcome, ...more].join('\n')) ?? []
    throw new SqlError(state ?? '', message ?? outcome)
  }
  try {
    // transaction_timeout would end a long transaction. It exists since PostgreSQL 17; an older server rejects it.
    // https://www.postgresql.org/docs/current/runtime-config-client.html#GUC-TRANSACTION-TIMEOUT
    await query("SELECT set_config(name, '0', false) FROM pg_settings WHERE name = 'transaction_timeout'")
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

function unreachable(server: Server, stderr: string): AquastreamError {
  const lines = evidenceLines(stderr)
  return new AquastreamError(
    'database-unreachable',
    `the connection to ${server.name} failed: ${causeIn(stderr)}`,
    {
      hint: 'check that the server is running (aquastream env:status) and accepts this user (psql with the same URL)',
      evidence: lines.length > 1 ? [{title: 'output of psql', lines}] : [],
    },
  )
}

import {randomBytes} from 'node:crypto'
import {createInterface} from 'node:readline'
import {AquastreamError} from '../errors.js'
import {lastLines} from '../system/text/last-lines.js'
import {hintFor, SqlError} from './failures.js'
import type {RunOptions, Server} from './server.js'

/** One connection that stays open, and with it a transaction or a lock. */
export interface Session {
  /** The rows, each with its columns; a statement without rows gives none. */
  query(sql: string): Promise<string[]>
  /** The one value of one row, which is JSON; null for NULL. */
  json<T>(sql: string): Promise<T>
}

/**
 * Opens a session, and closes it when the work has ended, however it ended.
 * @throws database-unreachable
 */
export async function withSession<T>(
  server: Server,
  options: RunOptions,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const program = server.run('backup', ['session'], options)
  // The text of an error may be anything, so it cannot be told from rows by its looks.
  const mark = `aquastream-${randomBytes(8).toString('hex')}`
  const lines = createInterface({input: program.stdout})[Symbol.asyncIterator]()
  const readToMark = async (): Promise<string[]> => {
    const rows: string[] = []
    for (;;) {
      const {value, done} = (await lines.next()) as IteratorResult<string, undefined>
      if (done) throw unreachable(server, (await program.ended).stderr)
      if (value === mark) return rows
      rows.push(value)
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
    // A limit that PostgreSQL has since version 17, and that the older do not let anybody set.
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
 * Makes a refusal of the server the failure of what was tried.
 * @throws the code given
 */
export function refusedAs(code: keyof typeof ATTEMPTS) {
  return (error: unknown): never => {
    if (!(error instanceof SqlError)) throw error
    throw new AquastreamError(code, `the server refused: ${error.message}`, {
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

function unreachable(server: Server, words: string): AquastreamError {
  const lines = lastLines(words, 6)
  return new AquastreamError(
    'database-unreachable',
    `${server.name} does not answer: ${lines.at(-1) ?? 'the connection ended'}`,
    {
      hint: 'see whether the server runs and lets this user in: aquastream env:status, or psql with the same URL',
      evidence: lines.length > 1 ? [{title: 'psql says', lines}] : [],
    },
  )
}

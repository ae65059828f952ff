import {AquastreamError} from '../../errors.js'
import {causeIn, evidenceLines, hintFor} from '../../postgres/failures.js'
import {readOutput} from '../../postgres/output.js'
import type {Server} from '../../postgres/server.js'
import type {Session} from '../../postgres/session.js'
import {succeeds} from '../../system/succeeds.js'
import {jsonLiteral} from '../../system/text/sql-quote.js'
import {type ArchiveForm, compressionArgument} from '../archive/format.js'
import type {DumpFailed} from '../archive/write.js'

/** What was to be dumped, and a session that can be asked why it was not. */
interface Dump {
  server: Server
  session: Session
  schemas: string[]
  form: ArchiveForm
}

/** Makes a failed dump the failure of a backup. */
export async function explainDump({what, stderr}: DumpFailed, dump: Dump): Promise<AquastreamError> {
  return new AquastreamError('backup-failed', `${what} could not be dumped: ${causeIn(stderr)}`, {
    hint: (await lacksCompression(dump)) ?? (await serverHint(dump)) ?? DEFAULT_HINT,
    evidence: [{title: 'pg_dump says', lines: evidenceLines(stderr)}],
  })
}

const DEFAULT_HINT =
  'fix the error reported by pg_dump, then run the same command again; earlier backups are as they were'

/**
 * Each build of pg_dump has its own compressions. With one that it lacks, it cannot even dump nothing.
 * https://www.postgresql.org/docs/current/app-pgdump.html, --compress
 */
async function lacksCompression({server, form}: Dump): Promise<string | undefined> {
  const {compression} = form
  if (compression === 'none') return undefined
  const works = (argument: string): Promise<boolean> =>
    succeeds(readOutput(server.run('backup', ['probe', argument])))
  if ((await works(compressionArgument(form))) || !(await works('0'))) return undefined
  const other = compression === 'gzip' ? 'none' : 'gzip'
  return `this pg_dump was built without ${compression}: choose --compression ${other}`
}

/**
 * pg_dump has no SQLSTATE of an error, and prints it in the language of the server. So the server is asked for what
 * keeps a dump from reading tables, and answers with the SQLSTATE of that. It answers from the catalogs: to try would wait,
 * or end the transaction of the session.
 */
async function serverHint({session, schemas}: Dump): Promise<string | undefined> {
  const state = await session
    .json<string | null>(
      `SELECT to_json(CASE
        WHEN bool_or(NOT has_schema_privilege(n.oid, 'USAGE') OR NOT has_table_privilege(c.oid, 'SELECT')
          OR row_security_active(c.oid)) THEN '42501'
        WHEN bool_or(c.oid IN (SELECT relation FROM pg_locks WHERE mode = 'AccessExclusiveLock'
          AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))) THEN '55P03' END)
      FROM pg_namespace n JOIN pg_class c ON c.relnamespace = n.oid
      WHERE c.relkind IN ('r', 'p', 'S', 'm') AND n.nspname IN (SELECT json_array_elements_text(${jsonLiteral(schemas)}))`,
    )
    .catch(() => null)
  return state === null ? undefined : hintFor({state}, 'backup')
}

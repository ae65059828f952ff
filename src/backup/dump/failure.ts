import {AquastreamError} from '../../errors.js'
import {causeIn, evidenceLines, hintFor} from '../../postgres/failures.js'
import {readOutput} from '../../postgres/output.js'
import {missingPrivileges} from '../../postgres/privileges.js'
import type {Server} from '../../postgres/server.js'
import type {Session} from '../../postgres/session.js'
import {succeeds} from '../../system/succeeds.js'
import {jsonLiteral} from '../../system/text/sql-quote.js'
import {type ArchiveForm, compressionArgument} from '../archive/format.js'
import type {DumpFailed} from '../archive/write.js'
import type {Manifest} from '../repository/manifest.js'

/** What was to be dumped, and a session for queries about the cause of the failure. */
interface Dump {
  server: Server
  session: Session
  schemas: string[]
  form: ArchiveForm & Pick<Manifest, 'kind'>
}

/** Converts a failed dump into the error `backup-failed`, with a hint that fits the cause. */
export async function explainDump({what, stderr}: DumpFailed, dump: Dump): Promise<AquastreamError> {
  // backup.sh writes this line. pg_dump reports only that its output could not be written.
  const compressor = /^igzip failed .*$/m.exec(stderr)?.[0]
  if (compressor !== undefined) {
    return new AquastreamError('backup-failed', `${what} could not be dumped: ${compressor}`, {
      hint: 'run the command again, or add --compression gzip:1 to compress without igzip; earlier backups are unchanged',
      evidence: [{title: 'output of pg_dump and igzip', lines: evidenceLines(stderr)}],
    })
  }
  return new AquastreamError('backup-failed', `${what} could not be dumped: ${causeIn(stderr)}`, {
    hint: (await lacksCompression(dump)) ?? (await serverHint(dump)) ?? DEFAULT_HINT,
    evidence: [{title: 'output of pg_dump', lines: evidenceLines(stderr)}],
  })
}

const DEFAULT_HINT =
  'fix the error reported by pg_dump, then run the command again; earlier backups are unchanged'

/**
 * The compression methods depend on the build of pg_dump. If a method is missing, even an empty dump fails.
 * https://www.postgresql.org/docs/current/app-pgdump.html, --compress
 */
async function lacksCompression({server, form}: Dump): Promise<string | undefined> {
  const {compression} = form
  if (compression === 'none') return undefined
  const works = (argument: string): Promise<boolean> =>
    succeeds(readOutput(server.run('backup', ['probe', argument])))
  if ((await works(compressionArgument(form))) || !(await works('0'))) return undefined
  const other = compression === 'gzip' ? 'none' : 'gzip'
  return `this pg_dump was built without ${compression}; use --compression ${other}`
}

/**
 * pg_dump reports no SQLSTATE, and its messages are in the language of the server. So the server is asked why tables
 * cannot be read.
 */
async function serverHint({session, schemas, form: {kind}}: Dump): Promise<string | undefined> {
  const missing = await missingPrivileges(session, schemas).catch(() => undefined)
  if (missing !== undefined) return missing
  const isLocked = await session
    .json<boolean>(
      `SELECT to_json(EXISTS (
        SELECT FROM pg_locks l JOIN pg_class c ON c.oid = l.relation JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE mode = 'AccessExclusiveLock'
          AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
          AND n.nspname IN (SELECT json_array_elements_text(${jsonLiteral(schemas)}))))`,
    )
    .catch(() => false)
  // A session that waits to truncate or alter a table that a restore has locked stops the safety backup.
  return isLocked ? hintFor({state: '55P03'}, kind === 'safety' ? 'restore' : 'backup') : undefined
}

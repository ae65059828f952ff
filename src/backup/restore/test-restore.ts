import {randomBytes} from 'node:crypto'
import {AquastreamError} from '../../errors.js'
import {createDatabase} from '../../postgres/create-database.js'
import {TEST_RESTORE_LOCK, tryLock} from '../../postgres/lock.js'
import type {Server} from '../../postgres/server.js'
import {type Session, withSession} from '../../postgres/session.js'
import {identifier, literal} from '../../system/text/sql-quote.js'
import type {DumpPart} from '../archive/split-dump.js'
import {sortByDependency} from './order.js'
import {missingExtensions} from './prerequisites.js'
import {replay} from './replay.js'
import {manifestText, type RestoreSource} from './source.js'

/** A backup whose archives were checked. */
interface CheckedSource extends RestoreSource {
  /** The definitions that the archives contain after their rows. */
  lateDefinitions: DumpPart[]
}

/** Restores a backup into a scratch database; returns the elapsed seconds, to 0.1 s. */
export type TestRestore = (source: CheckedSource, signal: AbortSignal) => Promise<number>

const APPLICATION = 'aquastream db:verify'
/**
 * The SQL expression for the beginning of the names of the scratch databases. It contains the oid of the database, because
 * the lock is one for each database: a test restore of another one may be running.
 */
const PREFIX = `(SELECT 'aquastream_verify_' || oid || '_' FROM pg_database WHERE datname = current_database())`

/**
 * Runs work that may restore into a scratch database. Drops the scratch databases of killed commands first.
 * @throws busy: another test restore of the database is running; database-unreachable; SqlError
 */
export async function withTestRestore(
  server: Server,
  work: (testRestore: TestRestore) => Promise<void>,
): Promise<void> {
  const suffix = randomBytes(6).toString('hex')
  // backup.sh runs this SQL when the session ends, also after this process was killed. It waits for the lock of the
  // session, so that statements of the session that are still running end first.
  const CLEANUP_SQL = `SELECT pg_advisory_lock(${TEST_RESTORE_LOCK});
    SELECT format('DROP DATABASE IF EXISTS %I WITH (FORCE)', ${PREFIX} || ${literal(suffix)}) \\gexec`
  await withSession(server, {application: APPLICATION, env: {CLEANUP_SQL}}, async session => {
    if (!(await tryLock(session, TEST_RESTORE_LOCK))) {
      throw new AquastreamError('busy', `another db:verify --restore is running on ${server.name}`, {
        hint: 'run the command again when it has finished',
      })
    }
    await sweep(session)
    const database = await session.json<string>(`SELECT to_json(${PREFIX} || ${literal(suffix)})`)
    try {
      await work((source, signal) => restoreScratch(source, {server, session, database}, signal))
    } finally {
      await sweep(session).catch(() => sweepAgain(server, database))
    }
  })
}

/**
 * Drops the scratch database in a new session, because the old one may have failed. Another command may hold the
 * lock by now, so only the database of this one is dropped.
 */
async function sweepAgain(server: Server, database: string): Promise<void> {
  await withSession(server, {application: APPLICATION}, session =>
    session.query(`DROP DATABASE IF EXISTS ${identifier(database)} WITH (FORCE)`),
  ).catch(() => undefined)
}

/** Drops the scratch databases of this database. A user may have given any other name to a database of theirs. */
async function sweep(session: Session): Promise<void> {
  const names = await session.json<string[] | null>(
    `SELECT json_agg(datname) FROM pg_database WHERE datname ~ ('^' || ${PREFIX} || '[0-9a-f]{12}$')`,
  )
  for (const name of names ?? [])
    await session.query(`DROP DATABASE IF EXISTS ${identifier(name)} WITH (FORCE)`)
}

async function restoreScratch(
  source: CheckedSource,
  {server, session, database}: {server: Server; session: Session; database: string},
  signal: AbortSignal,
): Promise<number> {
  const began = performance.now()
  // A failed test restore left its database.
  await session.query(`DROP DATABASE IF EXISTS ${identifier(database)} WITH (FORCE)`)
  await createDatabase(session, database)
  await withSession(server, {database, application: APPLICATION}, async scratch => {
    await replay(
      {
        archives: sortByDependency(source.archives),
        lateDefinitions: source.lateDefinitions,
        manifest: await manifestText(source),
        database,
        before: [],
        extensions: missingExtensions(source, []),
        otherSchemas: [],
      },
      {server, session: scratch},
      {onLocked: () => Promise.resolve(), onBytes: () => undefined, onSent: () => undefined, signal},
    )
  })
  await session.query(`DROP DATABASE ${identifier(database)} WITH (FORCE)`)
  return Math.round((performance.now() - began) / 100) / 10
}

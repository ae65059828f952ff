import {randomBytes} from 'node:crypto'
import {join} from 'node:path'
import type {Context} from '../engines/engine.js'
import {AquastreamError, type Problem} from '../errors.js'
import {sparesBackup, SqlError} from '../postgres/failures.js'
import {REHEARSAL_LOCK, tryLock} from '../postgres/lock.js'
import {reachServer, type Server, type ServerRequest} from '../postgres/server.js'
import {identifier, literal, refusedAs, type Session, withSession} from '../postgres/session.js'
import {checkArchive, fromSet, type RestoreSource} from './restore/source.js'
import {findSet} from './repository/find.js'
import {rowsIn} from './repository/manifest.js'
import {inOrderOfNeed} from './restore/order.js'
import {type BackupRequest, backupRoot} from './repository/location.js'
import {replay} from './restore/replay.js'
import {manifestText, missingExtensions} from './restore/plan.js'
import {type BackupSet, listSets} from './repository/sets.js'
import {checkDump} from './archive/check-dump.js'

export interface VerifyRequest extends BackupRequest, ServerRequest {
  /** IDs, or beginnings of them; all when empty. */
  ids: string[]
  /** Also restore each into a scratch database. */
  restore: boolean
}

export interface VerifyEvent {
  type: 'set'
  id: string
  state: 'checking' | 'restoring' | 'done'
  detail: string
}

/** What was found out about one set. */
export interface Verdict {
  id: string
  good: boolean
  /** What is wrong with it. */
  reason: string | undefined
  archives: number
  bytes: number
  rows: number
  /** Of the rehearsal, in the scratch database; nothing without one. */
  restoreSeconds: number | undefined
}

export interface VerifyReport {
  directory: string
  good: boolean
  sets: Verdict[]
}

/**
 * Proves backups: checksums, packed streams to their end, the last line of each dump; with `restore` also that
 * everything comes back with the rows that it had. Changes no backup and no database but its own.
 */
export async function verifyBackups(
  request: VerifyRequest,
  ctx: Context<VerifyEvent>,
): Promise<VerifyReport> {
  const root = await backupRoot(request)
  const sets = await listSets(root)
  const chosen = request.ids.length > 0 ? request.ids.map(id => findSet(sets, id, root)) : sets
  if (chosen.length === 0) findSet(sets, 'latest', root)
  const server = await reachServerFor(request, chosen)
  const verdicts: Verdict[] = []
  const verifyAll = async (rehearse?: Rehearse): Promise<void> => {
    for (const set of chosen) verdicts.push(await verifyOne(set, {server, rehearse}, ctx))
  }
  if (request.restore && server) await withScratch(server, verifyAll).catch(refusedAs('database-refused'))
  else await verifyAll()
  return {directory: root, good: verdicts.every(({good}) => good), sets: verdicts}
}

/** Checksums need no server; other packings than gzip are unpacked beside it. */
async function reachServerFor(request: VerifyRequest, sets: BackupSet[]): Promise<Server | undefined> {
  const gzip = sets.every(({manifest}) =>
    manifest?.archives.every(({format, compression}) => format === 'plain' && compression !== 'zstd'),
  )
  return request.restore || !gzip ? reachServer(request) : undefined
}

/** The problem of a report that is not good. */
export function findDamage({sets}: VerifyReport): Problem | undefined {
  const bad = sets.filter(({good}) => !good)
  if (bad.length === 0) return undefined
  return {
    code: 'archive-damaged',
    message: bad.map(({id, reason}) => `${id}: ${reason}`).join('; '),
    hint: 'take a new backup now: aquastream db:backup; a set that is not good can still hold good archives',
  }
}

interface Means {
  server: Server | undefined
  rehearse: Rehearse | undefined
}

async function verifyOne(
  set: BackupSet,
  {server, rehearse}: Means,
  {on, signal}: Context<VerifyEvent>,
): Promise<Verdict> {
  const {id, bytes} = set
  const verdict = {
    id,
    archives: set.schemas.length,
    bytes,
    rows: rowsIn(set.manifest?.archives ?? []),
    restoreSeconds: undefined,
  }
  try {
    on({type: 'set', id, state: 'checking', detail: 'checksums'})
    const source = fromSet(set, undefined)
    await checkFiles(source, server, signal)
    if (!rehearse) return {...verdict, good: true, reason: undefined}
    on({type: 'set', id, state: 'restoring', detail: 'into a scratch database'})
    return {...verdict, good: true, reason: undefined, restoreSeconds: await rehearse(source, signal)}
  } catch (error) {
    signal.throwIfAborted()
    if (!(error instanceof AquastreamError) || !tells(error)) throw error
    const why = error.code === 'restore-failed' ? 'it cannot be restored: ' : ''
    return {...verdict, good: false, reason: `${why}${error.message}`}
  } finally {
    on({type: 'set', id, state: 'done', detail: 'done'})
  }
}

/** Whether a failure says something about the backup: a rehearsal also ends with its connection or its disk. */
function tells({code, cause}: AquastreamError): boolean {
  if (code !== 'restore-failed') return code === 'archive-damaged'
  return cause instanceof SqlError && !sparesBackup(cause)
}

async function checkFiles(
  {archives, manifest, directory}: RestoreSource,
  server: Server | undefined,
  signal: AbortSignal,
): Promise<void> {
  for (const archive of archives) {
    signal.throwIfAborted()
    await checkDump(archive, server)
  }
  const {file, sha256, bytes} = manifest!.globals
  await checkArchive({path: join(directory, file), sha256, bytes})
}

/** Restores a set and gives the seconds that it took. */
type Rehearse = (source: RestoreSource, signal: AbortSignal) => Promise<number>

const APPLICATION = 'aquastream db:verify'
const SCRATCH = 'aquastream_verify_'

/** Gives a way to rehearse on the server. A scratch database that a run left which was killed goes first. */
async function withScratch(server: Server, work: (rehearse: Rehearse) => Promise<void>): Promise<void> {
  const database = `${SCRATCH}${randomBytes(6).toString('hex')}`
  // For the end of a run that could not end by itself. Whatever its session still does comes before.
  const FAREWELL = `SELECT pg_advisory_lock(${REHEARSAL_LOCK});\nDROP DATABASE IF EXISTS ${identifier(database)} WITH (FORCE);`
  await withSession(server, {application: APPLICATION, env: {FAREWELL}}, async session => {
    if (!(await tryLock(session, REHEARSAL_LOCK))) {
      throw new AquastreamError('busy', `another db:verify --restore is at work on ${server.name}`, {
        hint: 'run the same command again when that has ended',
      })
    }
    await sweep(session)
    try {
      await work((source, signal) => rehearse(source, {server, session, database}, signal))
    } finally {
      await sweep(session).catch(() => sweepAgain(server, database))
    }
  })
}

/** The session can be what failed. Its lock may be another run's by now, and so only its own database goes. */
async function sweepAgain(server: Server, database: string): Promise<void> {
  await withSession(server, {application: APPLICATION}, session =>
    session.query(`DROP DATABASE IF EXISTS ${identifier(database)} WITH (FORCE)`),
  ).catch(() => undefined)
}

async function sweep(session: Session): Promise<void> {
  const names = await session.json<string[] | null>(
    `SELECT json_agg(datname) FROM pg_database WHERE starts_with(datname, ${literal(SCRATCH)})`,
  )
  for (const name of names ?? [])
    await session.query(`DROP DATABASE IF EXISTS ${identifier(name)} WITH (FORCE)`)
}

async function rehearse(
  source: RestoreSource,
  {server, session, database}: {server: Server; session: Session; database: string},
  signal: AbortSignal,
): Promise<number> {
  const began = performance.now()
  // A test restore that failed has left it.
  await session.query(`DROP DATABASE IF EXISTS ${identifier(database)} WITH (FORCE)`)
  await session.query(`CREATE DATABASE ${identifier(database)}`)
  await withSession(server, {database, application: APPLICATION}, async scratch => {
    await replay(
      {
        archives: inOrderOfNeed(source.archives),
        manifest: await manifestText(source),
        database,
        before: missingExtensions(source, []),
        neighbours: [],
        lockTimeout: 60,
      },
      {server, session: scratch},
      {onBytes: () => undefined, onSent: () => undefined},
      signal,
    )
  })
  await session.query(`DROP DATABASE ${identifier(database)} WITH (FORCE)`)
  return Math.round((performance.now() - began) / 100) / 10
}

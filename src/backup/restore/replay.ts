import {randomBytes} from 'node:crypto'
import {once} from 'node:events'
import {Readable} from 'node:stream'
import {pipeline} from 'node:stream/promises'
import {createInterface} from 'node:readline'
import type {Program} from '../../system/program.js'
import {AquastreamError} from '../../errors.js'
import type {Server} from '../../postgres/server.js'
import type {Session} from '../../postgres/session.js'
import {readProven, type SourceArchive} from './source.js'
import {codeOf} from '../repository/directory.js'
import {splitDump} from '../archive/split-dump.js'
import {replayFailed} from './failure.js'
import {findOutcome, type Outcome} from './outcome.js'
import {unpack} from '../archive/unpack.js'

/** What is to be replayed, in one transaction. */
export interface Replay {
  archives: SourceArchive[]
  /** Text of the manifest that the rows are compared with. */
  manifest: string | undefined
  database: string | undefined
  /** SQL that goes first, in the same transaction. */
  before: string[]
  /**
   * Schemas of the database besides those that are restored, when foreign keys to others are to be left out; nothing
   * when all are made.
   */
  neighbours: string[] | undefined
  lockTimeout: number
}

export interface ReplayEvents {
  /** Bytes of the archives that were read so far. */
  onBytes: (bytes: number) => void
  /** Everything was sent: from here on the transaction ends by itself. */
  onSent: () => void
}

/**
 * Replaces schemas by what archives hold, in one transaction beside the server. When this rejects, nothing has
 * changed, unless the error is restore-unknown.
 *
 * @param session to find out how the transaction ended; of the same server
 * @throws restore-failed, archive-damaged, restore-unknown
 */
export async function replay(
  what: Replay,
  {server, session}: {server: Server; session: Session},
  {onBytes, onSent}: ReplayEvents,
  signal: AbortSignal,
): Promise<{foreignKeysLeftOut: string[]}> {
  signal.throwIfAborted()
  // Its name on the server, by which it is found again whatever happens here.
  const application = `aquastream db:restore ${randomBytes(4).toString('hex')}`
  const leftOut: string[] = []
  const {packing, bytes} = packed(what, {server, leftOut, onBytes})
  const schemas = JSON.stringify(what.archives.map(({schema}) => schema))
  const program = server.run('restore', ['replay', packing, schemas], {
    database: what.database,
    application,
    env: {LOCK_TIMEOUT: String(what.lockTimeout)},
  })
  const said: string[] = []
  const lines = createInterface({input: program.stdout}).on('line', line => said.push(line))
  const listening = once(lines, 'close')
  let mayCommit = false
  // Without their end the archives cannot be committed. It stays here until the server has named the transaction:
  // from then on it can be asked how that ended, and the session that runs it can be found and ended.
  const beforeEnd = async (): Promise<boolean> => {
    if (said.length === 0) await Promise.race([once(lines, 'line', {signal}), listening])
    mayCommit = said.length > 0
    return mayCommit
  }
  const outcome = (): Promise<Outcome> =>
    findOutcome({server, session, application, said, mayCommit, database: what.database})
  try {
    program.stdin.write(`${Buffer.from(what.manifest ?? '').toString('base64')}\n`)
    if ((await send(holdEnd(bytes, beforeEnd), program, signal)) && said.length > 0) onSent()
    await Promise.race([Promise.all([program.ended, listening]), aborted(signal)])
  } catch (error) {
    program.kill()
    if ((await outcome()) === 'committed') return finished(said, leftOut)
    signal.throwIfAborted()
    throw error
  }
  if (said.includes('aquastream committed')) return {foreignKeysLeftOut: leftOut}
  const ended = await program.ended
  if ((await outcome()) === 'committed') return finished(said, leftOut)
  throw replayFailed(ended)
}

/**
 * That a transaction was committed is a success only when it came to its end.
 * @throws restore-unknown
 */
function finished(said: string[], foreignKeysLeftOut: string[]): {foreignKeysLeftOut: string[]} {
  if (said.includes('aquastream commits')) return {foreignKeysLeftOut}
  throw new AquastreamError(
    'restore-unknown',
    'the archive ended the transaction by itself: the schema is replaced, and nothing was compared or attached again',
    {hint: 'look at the schema before anybody uses it'},
  )
}

/** Gives the last bytes only when that is allowed. */
async function* holdEnd(
  bytes: AsyncIterable<Buffer>,
  allowed: () => Promise<boolean>,
): AsyncGenerator<Buffer> {
  let held: Buffer | undefined
  for await (const chunk of bytes) {
    if (held) yield held
    held = chunk
  }
  if (held && (await allowed())) yield held
}

/** @returns whether all was sent; psql may have ended before, and says why itself */
async function send(bytes: AsyncIterable<Buffer>, program: Program, signal: AbortSignal): Promise<boolean> {
  const ended = new AbortController()
  void program.ended.then(() => {
    ended.abort()
  })
  try {
    await pipeline(bytes, program.stdin, {signal: AbortSignal.any([signal, ended.signal])})
    return true
  } catch (error) {
    signal.throwIfAborted()
    if (ended.signal.aborted || CLOSED.has(codeOf(error) ?? '')) return false
    throw error
  }
}

/** How a program shows that it has ended, until it is known how. */
const CLOSED = new Set(['EPIPE', 'ECONNRESET', 'ERR_STREAM_PREMATURE_CLOSE'])

async function aborted(signal: AbortSignal): Promise<never> {
  await new Promise<void>(resolve => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), {once: true})
  })
  throw signal.reason as Error
}

/** One archive of its own goes as it is; several, or for another database, are taken apart and put in order. */
function packed(
  what: Replay,
  {server, leftOut, onBytes}: {server: Server; leftOut: string[]; onBytes: (bytes: number) => void},
): {packing: string; bytes: Readable} {
  let read = 0
  const proven = async function* (archive: SourceArchive): AsyncGenerator<Buffer> {
    for await (const chunk of readProven(archive)) {
      read += chunk.length
      onBytes(read)
      yield chunk
    }
  }
  const [first] = what.archives
  const alone = what.archives.length === 1 && what.before.length === 0 && what.neighbours === undefined
  if (alone && first && first.packing !== 'plain')
    return {packing: first.packing, bytes: Readable.from(proven(first), {objectMode: false})}
  const sql = alone && first ? proven(first) : inOrder(what, {server, leftOut, proven})
  return {packing: 'plain', bytes: Readable.from(withEnd(sql), {objectMode: false})}
}

/** Plain SQL does not show that its end is missing: restore.sh looks for this before it commits. */
async function* withEnd(sql: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  yield* sql
  yield Buffer.from("\nSELECT pg_catalog.set_config('aquastream.whole', 'yes', true);\n")
}

async function* inOrder(
  what: Replay,
  {
    server,
    leftOut,
    proven,
  }: {
    server: Server
    leftOut: string[]
    proven: (archive: SourceArchive) => AsyncGenerator<Buffer>
  },
): AsyncGenerator<Buffer> {
  const later = {afterwards: [] as Buffer[], 'foreign keys': [] as Buffer[]}
  for (const statement of what.before) yield Buffer.from(`${statement}\n`)
  for (const archive of what.archives) {
    // Of itself a dump does not say that everybody may use it; restore.sh does the same for public alone.
    const opens = archive.schema === 'public' && what.archives.length > 1 && archive.known?.closed !== true
    if (opens) yield Buffer.from('ALTER DEFAULT PRIVILEGES GRANT USAGE ON SCHEMAS TO PUBLIC;\n')
    for await (const {section, text} of splitDump(unpack(archive, server, proven(archive)))) {
      if (section === 'rows') yield text
      else later[section].push(text)
    }
    if (opens) yield Buffer.from('ALTER DEFAULT PRIVILEGES REVOKE USAGE ON SCHEMAS FROM PUBLIC;\n')
  }
  yield* later.afterwards
  const keys = Buffer.concat(later['foreign keys']).toString('utf8')
  if (what.neighbours === undefined) yield Buffer.from(keys)
  else
    yield Buffer.from(
      withoutStrangers(keys, [...what.neighbours, ...what.archives.map(({schema}) => schema)], leftOut),
    )
}

/** Leaves out foreign keys to schemas that the database does not have. */
function withoutStrangers(keys: string, schemas: string[], leftOut: string[]): string {
  return keys
    .split(/^(?=ALTER TABLE |\\)/m)
    .filter(statement => {
      const [, quoted, plain] = /REFERENCES (?:"((?:[^"]|"")+)"|([^\s.("]+))\./.exec(statement) ?? []
      const schema = quoted?.replaceAll('""', '"') ?? plain
      if (schema === undefined || schemas.includes(schema)) return true
      leftOut.push(/ADD CONSTRAINT (\S+)/.exec(statement)?.[1] ?? schema)
      return false
    })
    .join('')
}

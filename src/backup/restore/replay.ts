import {randomBytes} from 'node:crypto'
import {once} from 'node:events'
import {createInterface} from 'node:readline'
import {pipeline} from 'node:stream/promises'
import {AquastreamError} from '../../errors.js'
import {causeIn, DEPENDENTS, evidenceLines, findSqlError, hintFor} from '../../postgres/failures.js'
import type {Server} from '../../postgres/server.js'
import type {Session} from '../../postgres/session.js'
import {errnoOf} from '../../system/files/file-errors.js'
import type {Program} from '../../system/program.js'
import {findOutcome, type Outcome} from './outcome.js'
import {type ScriptRequest, toScript} from './script.js'

/** What is to be replayed, in one transaction. */
export interface ReplayRequest extends ScriptRequest {
  /** Text of the manifest that the rows are compared with. */
  manifest: string | undefined
  database: string | undefined
  /** Seconds to wait for tables in use. */
  lockTimeout: number
}

/** Where it is replayed; the session is to find out how the transaction ended. */
export interface ReplaySite {
  server: Server
  session: Session
}

export interface ReplayContext {
  /** Bytes of the archives that were read so far. */
  onBytes: (bytes: number) => void
  /** Everything was sent: from here on the transaction ends by itself. */
  onSent: () => void
  signal: AbortSignal
}

export interface ReplayReport {
  /** Left out, since the schema that they refer to is not there. */
  foreignKeysLeftOut: string[]
}

/**
 * Replaces schemas by what archives hold, in one transaction on the server. When this rejects, nothing has changed,
 * unless the error is restore-unknown.
 *
 * @throws restore-failed, archive-damaged, restore-unknown
 */
export async function replay(
  request: ReplayRequest,
  site: ReplaySite,
  ctx: ReplayContext,
): Promise<ReplayReport> {
  ctx.signal.throwIfAborted()
  return new Replay(request, site, ctx).run()
}

/** One replay, with what restore.sh has said of it so far. */
class Replay {
  /** The application_name, to find and end the backend later. */
  readonly #application = `aquastream db:restore ${randomBytes(4).toString('hex')}`
  readonly #emitted: string[] = []
  /** Whether the end of the archives went out, wholly or in part: without it nothing can be committed. */
  #mayCommit = false

  constructor(
    private readonly request: ReplayRequest,
    private readonly site: ReplaySite,
    private readonly ctx: ReplayContext,
  ) {}

  async run(): Promise<ReplayReport> {
    const {signal, onBytes, onSent} = this.ctx
    const script = toScript(this.request, this.site.server, onBytes)
    const report = {foreignKeysLeftOut: script.skippedForeignKeys}
    const program = this.#start(script.encoding)
    const lines = createInterface({input: program.stdout}).on('line', line => this.#emitted.push(line))
    const closed = once(lines, 'close')
    // Withhold the end of the archives until the server has reported the transaction ID: from then on it can be asked
    // how the transaction ended, and the session that runs it can be found and ended.
    const beforeEnd = async (): Promise<boolean> => {
      if (this.#emitted.length === 0) await Promise.race([once(lines, 'line', {signal}), closed])
      return (this.#mayCommit = this.#emitted.length > 0)
    }
    try {
      program.stdin.write(`${Buffer.from(this.request.manifest ?? '').toString('base64')}\n`)
      const isSent = await send(withholdEnd(script.bytes, beforeEnd), program, signal)
      if (isSent && this.#emitted.length > 0) onSent()
      await Promise.race([Promise.all([program.ended, closed]), aborted(signal)])
    } catch (error) {
      program.kill()
      if ((await this.#outcome()) === 'committed') return this.#requireWhole(report)
      signal.throwIfAborted()
      throw error
    }
    if (this.#emitted.includes('aquastream committed')) return report
    const ended = await program.ended
    if ((await this.#outcome()) === 'committed') return this.#requireWhole(report)
    throw replayFailed(ended)
  }

  #start(encoding: string): Program {
    const {archives, database, lockTimeout} = this.request
    const schemas = JSON.stringify(archives.map(({schema}) => schema))
    return this.site.server.run('restore', ['replay', encoding, schemas], {
      database,
      application: this.#application,
      env: {LOCK_TIMEOUT: String(lockTimeout)},
    })
  }

  #outcome(): Promise<Outcome> {
    return findOutcome({
      ...this.site,
      application: this.#application,
      emitted: this.#emitted,
      mayCommit: this.#mayCommit,
      database: this.request.database,
    })
  }

  /**
   * That a transaction was committed is a success only when it came to its end.
   * @throws restore-unknown
   */
  #requireWhole(report: ReplayReport): ReplayReport {
    if (this.#emitted.includes('aquastream commits')) return report
    throw new AquastreamError(
      'restore-unknown',
      'the archive ended the transaction by itself: the schema is replaced, and nothing was compared or attached again',
      {hint: 'look at the schema before anybody uses it'},
    )
  }
}

/** Gives the last bytes only when that is allowed. */
async function* withholdEnd(
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
    if (ended.signal.aborted || CLOSED.has(errnoOf(error) ?? '')) return false
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

/** The failure of a replay that psql has ended; its cause is the error of the server, when it was one. */
function replayFailed(ended: {exitCode: number; stderr: string}): AquastreamError {
  const error = findSqlError(ended)
  if (error?.state === DEPENDENTS)
    return new AquastreamError('refused', error.message, {hint: hintFor(error, 'restore')})
  return new AquastreamError('restore-failed', error?.message ?? causeIn(ended.stderr), {
    hint: error
      ? hintFor(error, 'restore')
      : 'fix the error reported by psql, then run the same command again',
    evidence: [{title: 'psql says', lines: evidenceLines(ended.stderr)}],
    cause: error,
  })
}

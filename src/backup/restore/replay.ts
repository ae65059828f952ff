import {randomBytes} from 'node:crypto'
import {type EventEmitter, once} from 'node:events'
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

/** What to replay in one transaction. */
export interface ReplayRequest extends ScriptRequest {
  /** Text of the manifest, whose row counts are compared with the result; undefined without a manifest. */
  manifest: string | undefined
  database: string | undefined
}

/** The target of a replay. The session is used to find out how the transaction ended. */
export interface ReplaySite {
  server: Server
  session: Session
}

/** How a replay reports progress and is aborted. */
export interface ReplayContext {
  /**
   * Called when the tables of the schemas are locked against writing, and before anything is changed: what is saved now is
   * exactly what the replay replaces. If it rejects, the replay rejects with its error.
   */
  onLocked: () => Promise<void>
  /** Receives the bytes of the archives read so far. */
  onBytes: (bytes: number) => void
  /** Called when everything was sent: from then on the transaction ends by itself. */
  onSent: () => void
  signal: AbortSignal
}

/** The result of a replay. */
export interface ReplayReport {
  /** Foreign keys that were not created, because the schema that they refer to does not exist. */
  skippedForeignKeys: string[]
}

/**
 * Replaces schemas with the content of archives, in one transaction on the server. If this rejects, nothing was
 * changed, unless the error is `restore-unknown`.
 * @throws restore-failed, refused, archive-damaged, restore-unknown
 */
export async function replay(
  request: ReplayRequest,
  site: ReplaySite,
  ctx: ReplayContext,
): Promise<ReplayReport> {
  ctx.signal.throwIfAborted()
  return new Replay(request, site, ctx).run()
}

/** The line that restore.sh writes when psql has exited; its output ends without it if the script was killed. */
const ENDED = 'aquastream ended'

/** One replay, and the output of restore.sh so far. */
class Replay {
  /** The application_name, to find and terminate the backend later. */
  readonly #application = `aquastream db:restore ${randomBytes(4).toString('hex')}`
  readonly #emitted: string[] = []
  /** Whether the end of the archives was sent, at least in part: without it the transaction cannot be committed. */
  #mayCommit = false

  constructor(
    private readonly request: ReplayRequest,
    private readonly site: ReplaySite,
    private readonly ctx: ReplayContext,
  ) {}

  async run(): Promise<ReplayReport> {
    const {signal, onBytes, onLocked, onSent} = this.ctx
    const report: ReplayReport = {skippedForeignKeys: []}
    const program = this.#start()
    const lines = createInterface({input: program.stdout})
      .on('line', line => this.#emitted.push(line))
      .on('close', () => this.#emitted.push(ENDED))
    const closed = once(lines, 'close')
    try {
      if (await this.#isLocked(lines, closed)) {
        await onLocked()
        const script = toScript(this.request, this.site.server, onBytes)
        report.skippedForeignKeys = script.skippedForeignKeys
        program.stdin.write(`${Buffer.from(this.request.manifest ?? '').toString('base64')}\n`)
        const bytes = withLast(script.bytes, () => (this.#mayCommit = true))
        if (await send(bytes, program, signal)) onSent()
      } else program.stdin.end()
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

  /** Waits for the locks; returns false if psql exited without them. */
  async #isLocked(lines: EventEmitter, closed: Promise<unknown>): Promise<boolean> {
    while (!this.#emitted.includes(ENDED)) {
      if (this.#emitted.includes('aquastream locked')) return true
      await Promise.race([once(lines, 'line', {signal: this.ctx.signal}), closed])
    }
    return false
  }

  #start(): Program {
    const {archives, database} = this.request
    const schemas = JSON.stringify(archives.map(({schema}) => schema))
    return this.site.server.run('restore', ['replay', schemas], {
      database,
      application: this.#application,
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
   * A committed transaction is a success if restore.sh has reported the end of its checks.
   * @throws restore-unknown
   */
  #requireWhole(report: ReplayReport): ReplayReport {
    if (this.#emitted.includes('aquastream commits')) return report
    throw new AquastreamError(
      'restore-unknown',
      'the schema was replaced, but the output ended before the row counts were confirmed',
      {hint: 'compare the rows with aquastream db:restore --dry-run'},
    )
  }
}

/** Reports when all but the last chunk was passed on. */
async function* withLast(bytes: AsyncIterable<Buffer>, onLast: () => void): AsyncGenerator<Buffer> {
  let held: Buffer | undefined
  for await (const chunk of bytes) {
    if (held) yield held
    held = chunk
  }
  onLast()
  if (held) yield held
}

/**
 * Sends the bytes to psql.
 * @returns whether all were sent; false if psql exited early, in which case its stderr tells why
 */
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

/** Error codes of a write to a program that has exited, which arrive before its exit status. */
const CLOSED = new Set(['EPIPE', 'ECONNRESET', 'ERR_STREAM_PREMATURE_CLOSE'])

async function aborted(signal: AbortSignal): Promise<never> {
  await new Promise<void>(resolve => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), {once: true})
  })
  throw signal.reason as Error
}

/** Creates the error of a replay that psql stopped. Its cause is the error of the server, if there was one. */
function replayFailed(ended: {exitCode: number; stderr: string}): AquastreamError {
  const error = findSqlError(ended)
  if (error?.state === DEPENDENTS)
    return new AquastreamError('refused', error.message, {hint: hintFor(error, 'restore')})
  return new AquastreamError('restore-failed', error?.message ?? causeIn(ended.stderr), {
    hint: error ? hintFor(error, 'restore') : 'fix the error reported by psql, then run the command again',
    evidence: [{title: 'output of psql', lines: evidenceLines(ended.stderr)}],
    cause: error,
  })
}

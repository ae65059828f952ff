import {Command, type Interfaces} from '@oclif/core'
import {isProfile, type Profile, PROFILES} from '../config/profile.js'
import type {StackRequest} from '../engines/open.js'
import {AquastreamError, ERRORS, type Problem} from '../errors.js'
import {stackFlags} from './flags.js'
import {Interrupts} from './interrupts.js'
import type {ProgressUpdate} from './progress/printer.js'

/** Time for a use case to clean up after an interrupt, in ms; a second in all is what people wait. */
const GRACE_MS = 800

/** How every command works: the shared flags, interrupts, and results on stdout. `Result` is its JSON. */
export abstract class BaseCommand<Result> extends Command {
  static override enableJsonFlag = true
  static override baseFlags = stackFlags

  abstract override run(): Promise<Result>

  private typed: Record<string, unknown> = {}

  /** main.ts renders every failure, whatever it came from. */
  protected override async catch(error: Error): Promise<void> {
    if (!(error instanceof AquastreamError)) throw error
    throw error.withHints(await this.leading())
  }

  /** What makes a hint lead to the stack and the backups that this command is about. */
  protected async leading(): Promise<(hint: string) => string> {
    const {atSamePlace} = await import('./hint-flags.js')
    return hint => atSamePlace(hint, this.typed, this.config)
  }

  /** Runs work that SIGINT and SIGTERM abort; the signal's reason is the error that it should end with. */
  protected async interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const interrupts = this.listenForInterrupts()
    try {
      const result = await work(interrupts.signal)
      interrupts.signal.throwIfAborted()
      return result
    } finally {
      interrupts.close()
    }
  }

  /** For what only the user ends: an interrupt is no failure there, and shows in the exit status alone. */
  protected async untilInterrupted(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    await this.interruptible(work).catch((error: unknown) => {
      if (!(error instanceof AquastreamError) || !['interrupted', 'terminated'].includes(error.code))
        throw error
      process.exitCode = error.exitCode
    })
  }

  /**
   * As `interruptible`, with progress on stderr. What has ended well when the interrupt comes has happened, so its
   * result stands: "interrupted" would say that nothing did.
   */
  protected async progress<Event, T>(
    groups: string[][],
    describe: (event: Event) => ProgressUpdate,
    work: (ctx: {on: (event: Event) => void; signal: AbortSignal}) => Promise<T>,
  ): Promise<T> {
    const {openProgress} = await import('./progress/progress.js')
    const printer = await openProgress(groups)
    const on = (event: Event): void => {
      printer.update(describe(event))
    }
    const interrupts = this.listenForInterrupts()
    return work({on, signal: interrupts.signal}).finally(() => {
      interrupts.ignore()
      return printer.close()
    })
  }

  /** What the stack of a command is found by. */
  protected stackRequest(flags: Interfaces.InferredFlags<typeof stackFlags>): StackRequest {
    this.typed = flags
    const env = process.env
    return {
      profile: flags.profile ?? profileOf(env),
      envFile: flags['env-file'],
      env,
      directory: process.cwd(),
    }
  }

  /** The same for its backups, and for another server than the stack's. */
  protected backupRequest(
    flags: Interfaces.InferredFlags<typeof stackFlags> & {
      dir?: string | undefined
      'database-url'?: string | undefined
    },
  ): StackRequest & {dir: string | undefined; databaseUrl: string | undefined} {
    return {...this.stackRequest(flags), dir: flags.dir, databaseUrl: flags['database-url']}
  }

  /** A result that is an answer and still not good: said on stderr, and the first in the exit status. */
  protected async conclude(...findings: (Problem | undefined)[]): Promise<void> {
    const problems = findings.filter(finding => finding !== undefined)
    const [first] = problems
    if (!first) return
    const {writeProblem} = await import('./failure.js')
    const lead = await this.leading()
    if (!this.jsonEnabled())
      for (const problem of problems) writeProblem({...problem, hint: lead(problem.hint)})
    process.exitCode = ERRORS[first.code]
  }

  private listenForInterrupts(): Interrupts {
    return new Interrupts(GRACE_MS, reason => void this.giveUp(reason))
  }

  private async giveUp(reason: AquastreamError): Promise<void> {
    const {writeFailure} = await import('./failure.js')
    process.exit(writeFailure(reason, this.jsonEnabled()))
  }
}

function profileOf({AQUASTREAM_PROFILE: text}: NodeJS.ProcessEnv): Profile | undefined {
  if (!text) return undefined
  if (isProfile(text)) return text
  throw new AquastreamError('usage', `AQUASTREAM_PROFILE is ${JSON.stringify(text)}, which is no profile`, {
    hint: `set it to ${PROFILES.join(', ')}, or unset it`,
  })
}

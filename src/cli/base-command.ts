import {Command, type Interfaces, ux} from '@oclif/core'
import {isProfile, type Profile, PROFILES} from '../config/profile.js'
import type {StackContext, StackRequest} from '../engines/stack-context.js'
import {AquastreamError, ERRORS, type Problem} from '../errors.js'
import {stackFlags} from './flags.js'
import {Interrupts} from './interrupts.js'
import type {ProgressUpdate} from './progress/printer.js'
import {asTypable} from './typable.js'
import {quoteTyped} from '../system/text/typed.js'

/** Milliseconds that a use case has to clean up after an interrupt, so that a command exits within a second. */
const GRACE_MS = 800

/** The flags that select the stack, its backups and its database server; a command offers those that it uses. */
type LocationFlags = Interfaces.InferredFlags<typeof stackFlags> & {
  dir?: string | undefined
  'database-url'?: string | undefined
}

/** Base class of all commands: shared flags, interrupts, and the output of results. `Result` is the JSON output. */
export abstract class BaseCommand<Result> extends Command {
  static override enableJsonFlag = true
  static override baseFlags = stackFlags

  abstract override run(): Promise<Result>

  private givenFlags: Record<string, unknown> = {}

  /** Rethrows the error, because main.ts renders all errors. */
  protected override async catch(error: Error): Promise<void> {
    if (!(error instanceof AquastreamError)) throw error
    throw error.withHints(await this.hintRewriter())
  }

  /** Prints a result as text, with commands that can be typed as they are. */
  override log(text: string): void {
    super.log(asTypable(text))
  }

  override logToStderr(text: string): void {
    super.logToStderr(asTypable(text))
  }

  /** Prints a result as JSON. oclif would tokenize it for a color theme, which this program does not have. */
  override logJson(json: unknown): void {
    ux.stdout(JSON.stringify(json, null, 2))
  }

  /** Returns a function that adds to the commands in a hint the flags that select this stack and these backups. */
  protected async hintRewriter(): Promise<(hint: string) => string> {
    const {withSameFlags} = await import('./hint-flags.js')
    return hint => withSameFlags(hint, this.givenFlags, this.config)
  }

  /**
   * Runs work that SIGINT and SIGTERM abort.
   * @throws interrupted, terminated: the reason of the abort signal
   */
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

  /** Runs work that only the user ends: an interrupt sets the exit status and is not reported as an error. */
  protected async untilInterrupted(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    await this.interruptible(work).catch((error: unknown) => {
      if (!(error instanceof AquastreamError) || !['interrupted', 'terminated'].includes(error.code))
        throw error
      process.exitCode = error.exitCode
    })
  }

  /**
   * Runs work as `interruptible` does and shows its progress on stderr; commands in notices get the flags of this one.
   * Work that succeeds despite an interrupt keeps its result, because its changes are made.
   */
  protected async progress<Event, T>(
    groups: string[][],
    describe: (event: Event) => ProgressUpdate,
    work: (ctx: {on: (event: Event) => void; signal: AbortSignal}) => Promise<T>,
  ): Promise<T> {
    const {openProgress} = await import('./progress/progress.js')
    const printer = await openProgress(groups)
    const rewrite = await this.hintRewriter()
    const on = (event: Event): void => {
      const update = describe(event)
      printer.update('notice' in update ? {notice: asTypable(rewrite(update.notice))} : update)
    }
    const interrupts = this.listenForInterrupts(() => printer.close())
    return work({on, signal: interrupts.signal}).finally(() => {
      interrupts.ignore()
      return printer.close()
    })
  }

  /**
   * Looks up the stack of this command, its backups and its database server. A command does this once.
   * @throws settings-unreadable, settings-invalid, usage; interrupted, terminated
   */
  protected async stackContext(flags: LocationFlags): Promise<StackContext> {
    const request = this.stackRequest(flags)
    const {resolveStack} = await import('../engines/stack-context.js')
    const {repeatedNames} = await import('../config/layers.js')
    const stack = await this.interruptible(signal => resolveStack(request, signal))
    const repeated = repeatedNames(stack.layers)
    if (repeated.length > 0) repeated.forEach((await import('./failure.js')).writeWarning)
    return stack
  }

  /** Returns what selects the stack of this command. */
  protected stackRequest(flags: LocationFlags): StackRequest {
    this.givenFlags = flags
    const env = process.env
    return {
      flags: {
        profile: flags.profile ?? profileOf(env),
        envFile: flags['env-file'],
        dir: flags.dir,
        databaseUrl: flags['database-url'],
      },
      env,
      directory: process.cwd(),
    }
  }

  /** Reports problems that a result shows: on stderr, and the first one as the exit status. The result stays. */
  protected async reportProblems(...found: (Problem | undefined)[]): Promise<void> {
    const problems = found.filter(problem => problem !== undefined)
    const [first] = problems
    if (!first) return
    const {writeProblem} = await import('./failure.js')
    const rewrite = await this.hintRewriter()
    if (!this.jsonEnabled())
      for (const problem of problems) writeProblem({...problem, hint: rewrite(problem.hint)})
    process.exitCode = ERRORS[first.code]
  }

  /** @param endDisplay leaves the terminal in order before the error of work that does not end */
  private listenForInterrupts(endDisplay?: () => Promise<void>): Interrupts {
    return new Interrupts(GRACE_MS, async () => {
      const {writeFailure} = await import('./failure.js')
      await endDisplay?.()
      return reason => process.exit(writeFailure(reason, this.jsonEnabled()))
    })
  }
}

function profileOf({AQUASTREAM_PROFILE: text}: NodeJS.ProcessEnv): Profile | undefined {
  if (!text) return undefined
  if (isProfile(text)) return text
  throw new AquastreamError('usage', `AQUASTREAM_PROFILE is ${quoteTyped(text)}, which is not a profile`, {
    hint: `set it to one of ${PROFILES.join(', ')}, or unset it`,
  })
}

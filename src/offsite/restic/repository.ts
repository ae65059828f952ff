import type {StackContext} from '../../engines/stack-context.js'
import {AquastreamError} from '../../errors.js'
import {type OffsiteSettings, readOffsiteSettings} from '../settings.js'
import {findRestic, requireStarted} from './launcher.js'
import {evidenceOf, faultOf, readable, reasonIn, retryReasonIn, type ResticResult} from './outcome.js'
import {type RunOptions, runRestic, Stalled} from './run.js'
import {hideSecrets} from './secrets.js'

/** The off-site repository of a stack. */
export interface Repository {
  settings: OffsiteSettings
  /** Its name without a password, for messages. */
  name: string
  /** Milliseconds that a query may take, which moves almost no data. */
  answerMs: number
  /**
   * Runs a command of restic on the repository, which may fail.
   * @throws offsite-unreachable: it made no progress for the set time
   */
  attempt(args: string[], options: RunOptions): Promise<ResticResult>
  /**
   * Runs a command of restic that is expected to succeed, and returns its stdout.
   * @throws no-such-repository, offsite-password, busy, offsite-damaged, offsite-unreachable
   */
  run(args: string[], options: RunOptions): Promise<string>
}

/**
 * Finds restic and the settings of the off-site repository of a stack. Does not connect to it.
 * @throws settings-missing, settings-invalid, placeholder-secret; the errors of `findRestic`
 */
export async function openRepository(stack: StackContext, signal: AbortSignal): Promise<Repository> {
  const settings = readOffsiteSettings(stack)
  const launch = await findRestic(settings, signal)
  const clean = (stderr: string): string => hideSecrets(readable(stderr), settings)
  const attempt: Repository['attempt'] = async (args, runOptions) => {
    const launcher = await launch(args, runOptions)
    const result = await runRestic(launcher, runOptions).catch((error: unknown) => {
      if (!(error instanceof Stalled)) throw error
      throw stalledError(settings.name, new Stalled(error.seconds, clean(error.stderr)))
    })
    if (launcher.end) await requireStarted(settings.image, result)
    return {...result, stderr: clean(result.stderr)}
  }
  return {
    settings,
    name: settings.name,
    answerMs: Math.min(settings.stallMs, ANSWER_MS),
    attempt,
    async run(args, runOptions) {
      const result = await attempt(args, runOptions)
      if (result.exitCode === 0) return result.stdout
      throw resticError(settings.name, result)
    },
  }
}

/** restic 0.18 tries for 15 minutes to reach a server that does not exist. */
const ANSWER_MS = 60_000

function stalledError(name: string, {seconds, stderr}: Stalled): AquastreamError {
  const result = {exitCode: -1, stdout: '', stderr}
  if (['no-repository', 'credentials'].includes(faultOf(result))) return resticError(name, result)
  const reason = retryReasonIn(stderr)
  return new AquastreamError(
    'offsite-unreachable',
    `the off-site repository ${name} made no progress for ${seconds} s${reason === undefined ? '' : `: ${reason}`}`,
    {
      hint: 'check the network, then run the command again: a push continues; for a slow connection, set OFFSITE_TIMEOUT to more seconds',
    },
  )
}

/** Creates the error of a failed command of restic. */
export function resticError(name: string, result: ResticResult): AquastreamError {
  const evidence = evidenceOf(result)
  switch (faultOf(result)) {
    case 'no-repository':
      return new AquastreamError('no-such-repository', `there is no off-site repository at ${name}`, {
        hint: 'check OFFSITE_REPOSITORY; to create the repository: aquastream offsite:init',
      })
    case 'credentials':
      return new AquastreamError(
        'offsite-unreachable',
        `the server of the off-site repository ${name} does not accept the credentials`,
        {
          hint: 'correct OFFSITE_S3_ACCESS_KEY and OFFSITE_S3_SECRET_KEY; for a REST server, the user and the password in OFFSITE_REPOSITORY',
          evidence,
        },
      )
    case 'wrong-password':
      return new AquastreamError(
        'offsite-password',
        `OFFSITE_PASSWORD is not the password of the off-site repository ${name}`,
        {
          hint: 'set it to the password with which the repository was created, from your copy of the settings file',
        },
      )
    case 'locked':
      return new AquastreamError(
        'busy',
        `the off-site repository ${name} is locked: ${reasonIn(result.stderr)}`,
        {
          hint: 'see who locked it: aquastream offsite:check',
          evidence,
        },
      )
    case 'damaged':
      return damagedError(name, result)
    case 'other':
      return new AquastreamError(
        'offsite-unreachable',
        `the off-site repository ${name} cannot be used: ${reasonIn(result.stderr)}`,
        {hint: 'check OFFSITE_REPOSITORY, the access keys and the network', evidence},
      )
  }
}

/** Creates the error of a repository that lacks data or has wrong data. */
export function damagedError(name: string, result: ResticResult): AquastreamError {
  return new AquastreamError('offsite-damaged', `the off-site repository ${name} is damaged`, {
    hint: 'set OFFSITE_REPOSITORY to a new location and push there now: aquastream offsite:init, aquastream offsite:push; then repair this one: https://restic.readthedocs.io/en/stable/077_troubleshooting.html',
    evidence: evidenceOf(result),
  })
}

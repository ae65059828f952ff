import {AquastreamError} from '../../errors.js'
import {closePipesWhenKilled} from '../../system/close-pipes.js'
import {execa} from '../../system/execa.js'
import {lastLines} from '../../system/text/last-lines.js'
import {ANSWER_MS, type DockerCall, dockerOptions} from './options.js'
import {throwIfUnreachable} from './problem.js'

/** How long a Docker Engine that tells its version may take for another question, in ms: a busy machine is no failure. */
const SLOW_ANSWER_MS = 60_000

/** The docker commands that only ask Docker Engine. Any other command takes as long as its work does. */
const QUESTIONS = new Set([
  ...['ps', 'inspect', 'stats', 'events', 'info', 'version'],
  ...['image inspect', 'volume ls'],
])

/** The result of a docker command; `stdout` is empty if it was streamed. */
export interface DockerResult {
  ok: boolean
  stdout: string
  stderr: string
}

/** How a docker command runs, and what happens with its input and output. */
export interface CommandOptions extends DockerCall {
  /** The standard input; without it, there is none. */
  input?: string
  onLine?: (line: string) => void
}

/**
 * Runs a docker command that may fail, and returns its result. A question that was not answered within ANSWER_MS is repeated
 * once, if Docker Engine answers at all.
 * @throws engine-missing, engine-denied, engine-too-old: it failed because of the engine itself; engine-failed: a question
 *   was not answered; the abort reason
 */
export async function tryDocker(args: string[], options: CommandOptions = {}): Promise<DockerResult> {
  const limits = isQuestion(args) ? [ANSWER_MS, SLOW_ANSWER_MS] : [undefined]
  for (const limit of limits) {
    const result = await runDocker(args, options, limit)
    if (result?.ok) return result
    await throwIfUnreachable()
    if (result) return result
  }
  throw new AquastreamError(
    'engine-failed',
    `Docker Engine did not answer within ${SLOW_ANSWER_MS / 1000} s`,
    {
      hint: `check how long docker ${args[0]} takes, and what keeps Docker Engine busy; then run the command again`,
    },
  )
}

function isQuestion([command = '', subcommand = '']: string[]): boolean {
  return QUESTIONS.has(command) || QUESTIONS.has(`${command} ${subcommand}`)
}

/** @returns undefined if the command did not end within the limit, in ms */
async function runDocker(
  args: string[],
  options: CommandOptions,
  limit: number | undefined,
): Promise<DockerResult | undefined> {
  const {onLine, signal, input} = options
  signal?.throwIfAborted()
  const running = closePipesWhenKilled(
    execa('docker', args, {
      ...dockerOptions(options),
      ...(input !== undefined && {stdin: 'pipe', input}),
      ...(limit !== undefined && {timeout: limit}),
    }),
  )
  if (onLine)
    for await (const line of running.iterable({from: 'stdout', preserveNewlines: false})) onLine(line)
  const {exitCode, stdout, stderr, timedOut} = await running
  signal?.throwIfAborted()
  return timedOut ? undefined : {ok: exitCode === 0, stdout, stderr}
}

/**
 * Runs a docker command that is expected to succeed, and returns its stdout.
 * @throws engine-failed, with the end of stderr as evidence; the errors of tryDocker
 */
export async function docker(args: string[], options: CommandOptions = {}): Promise<string> {
  const {ok, stdout, stderr} = await tryDocker(args, options)
  if (ok) return stdout
  throw new AquastreamError('engine-failed', `docker ${args.find(arg => !arg.startsWith('-'))} failed`, {
    hint: 'fix the error reported by Docker, then run the command again',
    evidence: [{title: 'output of docker', lines: lastLines(stderr, 12)}],
  })
}

import {parse, resolve} from 'node:path'
import {closePipesWhenKilled} from '../../system/close-pipes.js'
import {connectTo} from '../../system/connect-to.js'
import {execa, type Options} from '../../system/execa.js'
import {AquastreamError, type Problem} from '../../errors.js'
import {errnoOf} from '../../system/files/file-errors.js'
import {once} from '../../system/once.js'
import {lastLines} from '../../system/text/last-lines.js'

/** Older versions do not support `start_interval` of health checks, and Compose rejects the file. */
const OLDEST_ENGINE = 25

/** The time limit for Docker Engine to respond, in ms: an address may silently drop every packet. */
export const ANSWER_MS = 10_000

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

export interface DockerOptions {
  env?: NodeJS.ProcessEnv
  signal?: AbortSignal | undefined
  /** The standard input; without it, there is none. */
  input?: string
  onLine?: (line: string) => void
}

/**
 * Returns the execa options of every docker command: without a shell, outside the user's directory with its Compose
 * files, and killed within half a second after an abort or its time limit.
 */
export function dockerOptions({env, signal}: DockerOptions) {
  return {
    stdin: 'ignore',
    cwd: parse(process.cwd()).root,
    env: env ?? dockerEnvironment(),
    extendEnv: false,
    // A derived signal, so that execa's listeners are released with the command and do not accumulate.
    ...(signal && {cancelSignal: AbortSignal.any([signal])}),
    forceKillAfterDelay: 400,
    reject: false,
  } as const satisfies Options
}

/**
 * Returns the environment of every docker command. Variables from which Compose would take files, profiles and names are
 * removed, since we always pass our own. Relative paths become absolute, because the command does not run in the user's
 * directory: without its context, it would use another Docker Engine.
 */
export function dockerEnvironment(): NodeJS.ProcessEnv {
  const ours = Object.entries(process.env).filter(([name]) => !name.startsWith('COMPOSE_'))
  const {DOCKER_CONFIG: config, DOCKER_CERT_PATH: certificates, DOCKER_HOST: host = ''} = process.env
  const [, socket] = /^unix:\/\/(.+)/s.exec(host) ?? []
  return {
    ...Object.fromEntries(ours),
    // An empty variable counts as not set.
    ...(config && {DOCKER_CONFIG: resolve(config)}),
    ...(certificates && {DOCKER_CERT_PATH: resolve(certificates)}),
    ...(socket && {DOCKER_HOST: `unix://${resolve(socket)}`}),
    COMPOSE_DISABLE_ENV_FILE: '1',
  }
}

/**
 * Runs a docker command that may fail, and returns its result. A question that was not answered within ANSWER_MS is repeated
 * once, if Docker Engine answers at all.
 * @throws engine-missing, engine-denied, engine-too-old: it failed because of the engine itself; engine-failed: a question
 *   was not answered; the abort reason
 */
export async function tryDocker(args: string[], options: DockerOptions = {}): Promise<DockerResult> {
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
  options: DockerOptions,
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
export async function docker(args: string[], options: DockerOptions = {}): Promise<string> {
  const {ok, stdout, stderr} = await tryDocker(args, options)
  if (ok) return stdout
  throw new AquastreamError('engine-failed', `docker ${args.find(arg => !arg.startsWith('-'))} failed`, {
    hint: 'fix the error reported by Docker, then run the command again',
    evidence: [{title: 'output of docker', lines: lastLines(stderr, 12)}],
  })
}

/**
 * Distinguishes a failed command from an engine that is not available.
 * @throws engine-missing, engine-denied, engine-too-old
 */
export async function throwIfUnreachable(): Promise<void> {
  const problem = await findEngineProblem()
  if (problem) throw new AquastreamError(problem.code, problem.message, {hint: problem.hint})
}

/** Returns why this user cannot use Docker Engine; undefined if it responds. */
export async function findEngineProblem(signal?: AbortSignal): Promise<Problem | undefined> {
  const args = ['version', '--format', '{{.Server.Version}}']
  const running = execa('docker', args, {...dockerOptions({signal}), timeout: ANSWER_MS})
  const result = await closePipesWhenKilled(running)
  signal?.throwIfAborted()
  if (result.exitCode === 0) return tooOld(result.stdout)
  if (result.code === 'ENOENT') {
    return {
      code: 'engine-missing',
      message: 'the docker command was not found on this machine',
      hint: 'install Docker Engine with the Compose plugin: https://docs.docker.com/engine/install/',
    }
  }
  return explainSilence(await endpoint())
}

function tooOld(version: string): Problem | undefined {
  if (Number.parseInt(version, 10) >= OLDEST_ENGINE) return undefined
  return {
    code: 'engine-too-old',
    message: `Docker Engine ${version} is too old: ${OLDEST_ENGINE} or newer is required`,
    hint: 'update Docker Engine: https://docs.docker.com/engine/install/',
  }
}

/** Returns the address of Docker Engine, such as unix:///var/run/docker.sock; undefined for an unusable context. */
export async function endpoint(): Promise<string | undefined> {
  return dockerEnvironment().DOCKER_HOST || contextEndpoint()
}

/** The Docker context does not change while a command runs. */
const contextEndpoint = once(async () => {
  const format = '{{.Endpoints.docker.Host}}'
  const {stdout} = await execa('docker', ['context', 'inspect', '--format', format], dockerOptions({}))
  return stdout || undefined
})

/** Returns whether Docker Engine uses the ports and the disk of this machine. */
export async function isEngineLocal(): Promise<boolean> {
  return (await endpoint())?.startsWith('unix://') ?? false
}

/**
 * Returns why Docker Engine does not answer. Connects to the socket itself, because the messages of the docker command
 * differ between versions.
 */
export async function explainSilence(host: string | undefined): Promise<Problem> {
  if (host === undefined) {
    // DOCKER_CONTEXT, otherwise currentContext of config.json; the context need not exist.
    const {stdout: context} = await execa('docker', ['context', 'show'], dockerOptions({}))
    return {
      code: 'engine-missing',
      message: `the Docker context ${context} cannot be used`,
      hint: 'list the contexts with docker context ls, then select one with docker context use or DOCKER_CONTEXT',
    }
  }
  const path = host.startsWith('unix://') ? host.slice('unix://'.length) : undefined
  const code = path && (await connectionError(path))
  if (code === 'EACCES') {
    return {
      code: 'engine-denied',
      message: `permission denied for Docker Engine at ${path}`,
      hint: 'add this user to the docker group, then log in again: sudo usermod -aG docker "$USER"',
    }
  }
  if (path) {
    return {
      code: 'engine-missing',
      message: `cannot connect to Docker Engine at ${path}`,
      hint: 'start Docker Engine (sudo systemctl start docker) or Docker Desktop, or set DOCKER_HOST to another address',
    }
  }
  return {
    code: 'engine-missing',
    message: `cannot connect to Docker Engine at ${host}`,
    hint: 'check the output of docker version, then correct DOCKER_HOST or the Docker context',
  }
}

async function connectionError(path: string): Promise<string | undefined> {
  try {
    const socket = await connectTo(path)
    socket.destroy()
    return undefined
  } catch (error) {
    return errnoOf(error)
  }
}

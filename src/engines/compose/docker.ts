import {once} from 'node:events'
import {connect} from 'node:net'
import {parse} from 'node:path'
import {execa, type Options} from 'execa'
import {AquastreamError, type Problem} from '../../errors.js'
import {errnoOf} from '../../system/files/file-errors.js'
import {lastLines} from '../../system/text/last-lines.js'

/** Below it the engine does not know `start_interval` of health checks, and Compose refuses the file. */
const OLDEST_ENGINE = 25

/** The longest that an engine may take to say that it is there, in ms: an address may swallow every question. */
export const ANSWER_MS = 10_000

/** What a finished docker command left; `stdout` and `stderr` are empty where they were streamed. */
export interface DockerResult {
  ok: boolean
  stdout: string
  stderr: string
}

export interface DockerOptions {
  env?: NodeJS.ProcessEnv
  signal?: AbortSignal | undefined
  onLine?: (line: string) => void
}

/**
 * How every docker program is started: by name and never by a shell, away from any compose file of the
 * user's directory, with an interrupted one gone within half a second.
 */
export function dockerOptions({env, signal}: DockerOptions) {
  return {
    stdin: 'ignore',
    cwd: parse(process.cwd()).root,
    env: env ?? withoutComposeVariables(process.env),
    extendEnv: false,
    // A signal of its own: execa's listeners go with the command, and not with the whole run.
    ...(signal && {cancelSignal: AbortSignal.any([signal])}),
    forceKillAfterDelay: 400,
    reject: false,
  } as const satisfies Options
}

/** Compose would take files, profiles and names from these; ours are always given. */
export function withoutComposeVariables(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const ours = Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('COMPOSE_')))
  return {...ours, COMPOSE_DISABLE_ENV_FILE: '1'}
}

/** Runs a docker command whose failure is an answer. An abort, or no engine at all, is still thrown. */
export async function tryDocker(args: string[], options: DockerOptions = {}): Promise<DockerResult> {
  const {onLine, signal} = options
  signal?.throwIfAborted()
  const running = execa('docker', args, dockerOptions(options))
  if (onLine)
    for await (const line of running.iterable({from: 'stdout', preserveNewlines: false})) onLine(line)
  const {exitCode, stdout, stderr} = await running
  signal?.throwIfAborted()
  if (exitCode !== 0) await throwIfUnreachable()
  return {ok: exitCode === 0, stdout, stderr}
}

/** Runs a docker command that has no reason to fail; its last words are the evidence when it does. */
export async function docker(args: string[], options: DockerOptions = {}): Promise<string> {
  const {ok, stdout, stderr} = await tryDocker(args, options)
  if (ok) return stdout
  throw new AquastreamError('engine-failed', `docker ${args.find(arg => !arg.startsWith('-'))} failed`, {
    hint: `mend what the engine says, then run the same command again: ${lastLines(stderr, 1)[0] ?? 'nothing'}`,
    evidence: [{title: 'the engine says', lines: lastLines(stderr, 12)}],
  })
}

/** Tells a command that failed from an engine that is not there. */
export async function throwIfUnreachable(): Promise<void> {
  const problem = await findEngineProblem()
  if (problem) throw new AquastreamError(problem.code, problem.message, {hint: problem.hint})
}

/** What keeps this user from using an engine; nothing when one answers. */
export async function findEngineProblem(signal?: AbortSignal): Promise<Problem | undefined> {
  const result = await execa('docker', ['version', '--format', '{{.Server.Version}}'], {
    ...dockerOptions({signal}),
    timeout: ANSWER_MS,
  })
  signal?.throwIfAborted()
  if (result.exitCode === 0) return tooOld(result.stdout)
  if (result.code === 'ENOENT') {
    return {
      code: 'engine-missing',
      message: 'there is no docker command on this machine',
      hint: 'install Docker Engine with the Compose plugin: https://docs.docker.com/engine/install/',
    }
  }
  return explainSilence(await endpoint())
}

function tooOld(version: string): Problem | undefined {
  if (Number.parseInt(version, 10) >= OLDEST_ENGINE) return undefined
  return {
    code: 'engine-too-old',
    message: `the Docker engine is ${version}, and ${OLDEST_ENGINE} or newer is needed`,
    hint: 'update it: https://docs.docker.com/engine/install/',
  }
}

/** Where the docker command looks for its engine, such as unix:///var/run/docker.sock; nothing for a bad context. */
async function endpoint(): Promise<string | undefined> {
  if (process.env.DOCKER_HOST) return process.env.DOCKER_HOST
  const format = '{{.Endpoints.docker.Host}}'
  const {stdout} = await execa('docker', ['context', 'inspect', '--format', format], dockerOptions({}))
  return stdout || undefined
}

/** Whether the engine's ports and disk are those of this machine. */
export async function isEngineLocal(): Promise<boolean> {
  return (await endpoint())?.startsWith('unix://') ?? false
}

/** Asks the socket itself: the words of the docker command differ between versions. */
async function explainSilence(host: string | undefined): Promise<Problem> {
  if (host === undefined) {
    return {
      code: 'engine-missing',
      message: `the docker context ${process.env.DOCKER_CONTEXT ?? ''} cannot be used`,
      hint: 'see which there are: docker context ls',
    }
  }
  const path = host.startsWith('unix://') ? host.slice('unix://'.length) : undefined
  const code = path && (await connectionError(path))
  if (code === 'EACCES') {
    return {
      code: 'engine-denied',
      message: `this user may not use the Docker engine at ${path}`,
      hint: 'join its group, then log in again: sudo usermod -aG docker "$USER"',
    }
  }
  if (path) {
    return {
      code: 'engine-missing',
      message: `no Docker engine answers at ${path}`,
      hint: 'start it: sudo systemctl start docker (or Docker Desktop), or point DOCKER_HOST at another',
    }
  }
  return {
    code: 'engine-missing',
    message: `no Docker engine answers at ${host}`,
    hint: 'try docker version, then correct DOCKER_HOST or the docker context',
  }
}

async function connectionError(path: string): Promise<string | undefined> {
  const socket = connect(path)
  try {
    await once(socket, 'connect')
    return undefined
  } catch (error) {
    return errnoOf(error)
  } finally {
    socket.destroy()
  }
}

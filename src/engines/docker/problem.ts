import {AquastreamError, type Problem} from '../../errors.js'
import {closePipesWhenKilled} from '../../system/close-pipes.js'
import {connectTo} from '../../system/connect-to.js'
import {execa} from '../../system/execa.js'
import {errnoOf} from '../../system/files/file-errors.js'
import {endpoint} from './endpoint.js'
import {ANSWER_MS, dockerOptions} from './options.js'

/** Older versions do not support `start_interval` of health checks, and Compose rejects the file. */
const OLDEST_ENGINE = 25

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

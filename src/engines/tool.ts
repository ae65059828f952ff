import {randomUUID} from 'node:crypto'
import {hostname} from 'node:os'
import {parse} from 'node:path'
import {AquastreamError} from '../errors.js'
import {identify, isOfThisBoot, lifeOf, type ProcessIdentity} from '../system/process-identity.js'
import type {Program} from '../system/program.js'
import {lastLines} from '../system/text/last-lines.js'
import {parseJson} from '../system/text/parse-json.js'
import * as z from '../system/zod.js'
import {execInContainer} from './compose/exec.js'
import {findImages} from './compose/images.js'
import {docker, tryDocker} from './docker/command.js'
import {dockerEnvironment} from './docker/options.js'
import {throwIfUnreachable} from './docker/problem.js'

/** A program that runs in a separate container, which is not part of the stack. */
export interface Tool {
  image: string
  program: string
  mounts: Mount[]
  /** Passed to the container by the environment of the docker command, never by its arguments. */
  env: NodeJS.ProcessEnv
  /** A user and a group, or a user of the image. */
  user: string
  capabilities: string[]
  network: 'host' | 'none'
  /** Where it runs, in the container. */
  directory: string
}

/** A directory or a file of this machine, or a volume, in the container of a tool. */
interface Mount {
  type: 'bind' | 'volume'
  source: string
  target: string
  readonly: boolean
}

/** How to start a tool; a process that runs the command is the tool for its parent. */
export interface ToolCommand {
  program: string
  args: string[]
  env: NodeJS.ProcessEnv
  cwd: string
  /** Starts another program in the container of the tool, which has to run. */
  exec(program: string[]): Program
  /** Ends the tool if it still runs: a container outlives the docker command. */
  end(): Promise<void>
}

/** Identifies the process that started the container of a tool. */
const OWNER = 'aquastream.owner'

/** Milliseconds within which Docker Engine has to end a tool. */
const END_MS = 30_000

/** The statuses of the docker command if the program did not start: https://docs.docker.com/reference/cli/docker/container/run/ */
const NOT_STARTED = new Set([125, 126, 127])

/**
 * Returns the command that runs a tool. It shares the processes of this machine, so that the pid and the host name that
 * it records are those by which this machine knows it.
 */
export async function toolCommand(tool: Tool, args: string[]): Promise<ToolCommand> {
  const name = `aquastream-tool-${randomUUID()}`
  const owner = JSON.stringify({...(await identify(process.pid)), host: hostname()})
  const options = [
    ...['--rm', '--interactive', '--pull', 'never', '--name', name, '--label', `${OWNER}=${owner}`],
    ...['--pid', 'host', '--network', tool.network, '--user', tool.user, '--workdir', tool.directory],
    ...['--security-opt', 'no-new-privileges', '--cap-drop', 'ALL'],
    ...tool.capabilities.flatMap(capability => ['--cap-add', capability]),
    ...Object.keys(tool.env).flatMap(variable => ['--env', variable]),
    ...tool.mounts.flatMap(mount => ['--mount', mountText(mount)]),
  ]
  return {
    program: 'docker',
    args: ['run', ...options, '--entrypoint', tool.program, tool.image, ...args],
    env: {...dockerEnvironment(), ...tool.env},
    cwd: parse(process.cwd()).root,
    exec: program => execInContainer(name)(program, {}),
    async end() {
      // A container that Docker Engine does not remove must not keep the command: `endLeftTools` tries it again.
      await tryDocker(['rm', '--force', name], {signal: AbortSignal.timeout(END_MS)}).catch(() => undefined)
    },
  }
}

/** Returns a mount as the docker command reads it: fields of CSV. An empty volume keeps its owner (nocopy). */
function mountText({type, source, target, readonly}: Mount): string {
  const fields = [
    `type=${type}`,
    `source=${source}`,
    `target=${target}`,
    ...(readonly ? ['readonly'] : []),
    ...(type === 'volume' ? ['volume-nocopy'] : []),
  ]
  return fields.map(field => `"${field.replaceAll('"', '""')}"`).join(',')
}

/**
 * Throws if the docker command could not start the tool.
 * @param setting the setting that names the image
 * @throws engine-failed; the errors of an engine that is not available
 */
export async function requireStarted(
  {image, setting}: {image: string; setting: string},
  {exitCode, stderr}: {exitCode: number; stderr: string},
): Promise<void> {
  if (!NOT_STARTED.has(exitCode)) return
  await throwIfUnreachable()
  throw new AquastreamError('engine-failed', `Docker could not start a container of ${image}`, {
    hint: `fix the error reported by Docker, or set ${setting} to another image`,
    evidence: [{title: 'output of docker', lines: lastLines(stderr, 12)}],
  })
}

/**
 * Returns whether Docker Engine has an image.
 * @throws the errors of an engine that is not available
 */
export async function hasImage(image: string, signal: AbortSignal): Promise<boolean> {
  return (await findImages([image], signal)).size > 0
}

/**
 * Pulls the image of a tool unless it is present.
 * @param setting the setting that names the image
 * @throws image-missing; the errors of an engine that is not available
 */
export async function requireImage(
  {image, setting}: {image: string; setting: string},
  signal: AbortSignal,
): Promise<void> {
  if (await hasImage(image, signal)) return
  const {ok, stderr} = await tryDocker(['pull', '--quiet', image], {signal})
  if (ok) return
  throw new AquastreamError('image-missing', `image ${image} cannot be pulled`, {
    hint: `set ${setting} to an image that this machine has or can pull`,
    evidence: [{title: 'output of docker', lines: lastLines(stderr, 4)}],
  })
}

const ownerSchema = z.object({
  pid: z.int().positive(),
  started: z.string().optional(),
  pidNamespace: z.string().optional(),
  host: z.string(),
})

/** Ends the tools that a killed command of this machine has left: a container outlives the process that started it. */
export async function endLeftTools(signal: AbortSignal): Promise<void> {
  const format = `{{.ID}} {{.Label "${OWNER}"}}`
  const list = await docker(['ps', '--all', '--filter', `label=${OWNER}`, '--format', format], {signal})
  for (const line of list.split('\n').filter(Boolean)) {
    const id = line.slice(0, line.indexOf(' '))
    const {data: owner} = ownerSchema.safeParse(parseJson(line.slice(id.length + 1)))
    if (owner?.host === hostname() && (await hasEnded(owner)))
      await tryDocker(['rm', '--force', id], {signal})
  }
}

/** Two machines with one host name can use one Docker Engine. Docker itself removes what ran before a restart. */
async function hasEnded(owner: ProcessIdentity): Promise<boolean> {
  return (await isOfThisBoot(owner)) && (await lifeOf(owner)) === 'gone'
}

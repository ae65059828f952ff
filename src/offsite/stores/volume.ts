import {closePipesWhenKilled} from '../../system/close-pipes.js'
import {execa} from '../../system/execa.js'
import {lastLines} from '../../system/text/last-lines.js'
import {requireStarted, toolCommand, type ToolCommand} from '../../engines/tool.js'
import {AquastreamError} from '../../errors.js'
import {type StoreCommand, storeScript} from './script.js'

/** The volume of a store, and the image and the user of the service that has its data there. */
export interface StoreVolume {
  service: string
  volume: string
  image: string
  user: string
}

/** The directories of the volume that infra/offsite/store.sh uses: for the new data, and for what was put aside. */
export const NEW_DATA = '.aquastream-new'
export const OLD_DATA = '.aquastream-old'

/** Where the programs of a store find its volume. */
export const DATA = '/data'

/** Returns the command that runs a program on the volume of a service, in a container of its image without a network. */
export function volumeTool(
  {volume, image, user}: StoreVolume,
  [program, ...args]: [string, ...string[]],
  env: NodeJS.ProcessEnv = {},
): Promise<ToolCommand> {
  const mounts = [{type: 'volume', source: volume, target: DATA, readonly: false} as const]
  const place = {mounts, network: 'none', directory: DATA} as const
  return toolCommand({image, program, env, user, capabilities: [], ...place}, args)
}

/**
 * Runs a command of infra/offsite/store.sh that only reads the volume of a store, also while others write to it.
 * @param image an image with a shell
 */
export async function readVolume(
  {volume, image}: Pick<StoreVolume, 'volume' | 'image'>,
  command: StoreCommand,
  signal: AbortSignal,
): Promise<ToolResult> {
  const [program, ...args] = await storeScript(command)
  const mounts = [{type: 'volume', source: volume, target: DATA, readonly: true} as const]
  // Only the user of the service can read the directory of what was put aside, and only restic what it restores.
  const rights = {user: '0:0', capabilities: ['DAC_OVERRIDE']}
  const place = {mounts, network: 'none', directory: DATA} as const
  return runTool(await toolCommand({image, program, env: {}, ...rights, ...place}, args), {}, signal)
}

/**
 * Runs a command of infra/offsite/store.sh on the volume of a service that is stopped.
 * @param input the path of a file for its stdin
 * @returns its stdout
 * @throws restore-failed
 */
export async function changeVolume(
  volume: StoreVolume,
  {command, input}: {command: StoreCommand; input?: string},
  signal: AbortSignal,
): Promise<string> {
  const tool = await volumeTool(volume, await storeScript(command))
  const {exitCode, stdout, stderr} = await runTool(tool, {input}, signal)
  if (exitCode === 0) return stdout
  await requireStarted(
    {image: volume.image, setting: `${volume.service.toUpperCase()}_IMAGE`},
    {exitCode, stderr},
  )
  throw new AquastreamError('restore-failed', `the data of ${volume.service} could not be replaced`, {
    hint: 'free disk space if Docker has none left; then run the command again',
    evidence: [{title: `output of ${command}`, lines: lastLines(stderr, 12)}],
  })
}

interface ToolResult {
  exitCode: number
  stdout: string
  stderr: string
}

/** Runs a tool on a volume to its end; an interrupt ends its container too. */
async function runTool(
  tool: ToolCommand,
  {input}: {input?: string | undefined},
  signal: AbortSignal,
): Promise<ToolResult> {
  signal.throwIfAborted()
  const running = execa(tool.program, tool.args, {
    cwd: tool.cwd,
    env: tool.env,
    extendEnv: false,
    reject: false,
    ...(input === undefined ? {stdin: 'ignore' as const} : {inputFile: input}),
    cancelSignal: AbortSignal.any([signal]),
  })
  const {exitCode, stdout, stderr} = await closePipesWhenKilled(running)
  if (signal.aborted) await tool.end()
  signal.throwIfAborted()
  return {exitCode: exitCode ?? -1, stdout, stderr}
}

import {mkdir} from 'node:fs/promises'
import {existsSync} from 'node:fs'
import {homedir} from 'node:os'
import {join, parse} from 'node:path'
import type {ToolCommand} from '../../engines/tool.js'
import {AquastreamError} from '../../errors.js'
import {closePipesWhenKilled} from '../../system/close-pipes.js'
import {execa} from '../../system/execa.js'
import {once} from '../../system/once.js'
import {shellQuote} from '../../system/text/shell-quote.js'
import {which} from '../../system/which.js'
import type {OffsiteSettings} from '../settings.js'
import {machineVariables, networkVariables, resticVariables} from './environment.js'
import {parseSftp, sftpArguments, sshFiles} from './ssh.js'

/** How to start one command of restic. */
export type Launcher = Pick<ToolCommand, 'program' | 'args' | 'env' | 'cwd'> &
  Partial<Pick<ToolCommand, 'end'>>

/** What a command of restic reads or writes beside the repository. */
export interface Place {
  /** The directory in which restic runs; it stores paths relative to it. */
  directory?: string
  /** The directory to which it restores. */
  target?: string
  /** A volume of Docker, in which restic runs: it is in `VOLUME`. */
  volume?: {name: string; readonly: boolean}
}

/** Where restic finds the volume. */
export const VOLUME = '/volume'

/** Returns how to start a command of restic. */
export type Launch = (args: string[], place: Place) => Promise<Launcher>

/**
 * Finds restic: the program on PATH, else the image. What is in a volume of Docker is always read by the image, because
 * only Docker is sure to have access to its files.
 * @throws tool-missing, tool-too-old, image-missing, settings-invalid, refused; the errors of an engine that is not
 *   available
 */
export async function findRestic(settings: OffsiteSettings, signal: AbortSignal): Promise<Launch> {
  const sftp = await sftpArguments(settings)
  const image = once(() => prepareImage(settings, signal))
  const program = await which('restic')
  if (program === undefined) await image()
  else await requireVersion({...hostLauncher(program, ['version'], {}), env: machineVariables()}, program)
  const variables = {...machineVariables(), ...resticVariables(settings)}
  return async (args, place) => {
    if (program !== undefined && !place.volume)
      return {...hostLauncher(program, [...sftp, ...args], place), env: variables}
    return (await image())([...sftp, ...args], place)
  }
}

function hostLauncher(program: string, args: string[], {directory}: Place) {
  return {program, args, cwd: directory ?? parse(process.cwd()).root}
}

/** The setting that names the image. */
const SETTING = 'RESTIC_IMAGE'

async function prepareImage(settings: OffsiteSettings, signal: AbortSignal): Promise<Launch> {
  const {image} = settings
  if ((await which('docker')) === undefined) {
    throw new AquastreamError('tool-missing', 'neither restic nor Docker was found on this machine', {
      hint: 'install restic 0.14 or newer, for example: apt-get install restic',
    })
  }
  const {endLeftTools, requireImage, toolCommand} = await import('../../engines/tool.js')
  await requireImage({image, setting: SETTING}, signal)
  await endLeftTools(signal)
  const launch: Launch = async (args, place) => {
    const isRestore = place.volume?.readonly === false
    const cache = isRestore ? undefined : join(homedir(), '.cache', 'restic')
    if (cache !== undefined) await mkdir(cache, {recursive: true, mode: 0o700})
    if (args.includes('init') && isDirectory(settings.repository))
      await mkdir(settings.repository, {recursive: true, mode: 0o700})
    const variables = {...networkVariables(), ...resticVariables(settings)}
    return toolCommand(
      {
        image,
        program: 'restic',
        mounts: mountsOf(settings, place, cache),
        env: {...variables, RESTIC_CACHE_DIR: cache ?? '/tmp/cache'},
        // A restore gives each file the owner that it had.
        user: isRestore ? '0:0' : `${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`,
        capabilities: isRestore ? ['CHOWN', 'DAC_OVERRIDE', 'FOWNER'] : ['DAC_OVERRIDE'],
        // The server of the repository may be one that only this machine reaches.
        network: 'host',
        directory: place.volume ? VOLUME : (place.directory ?? '/'),
      },
      args,
    )
  }
  await requireVersion(await launch(['version'], {}), image)
  return launch
}

function isDirectory(repository: string): boolean {
  return repository.startsWith('/')
}

/** The files of this machine have the same paths in the container. */
function mountsOf(settings: OffsiteSettings, {directory, target, volume}: Place, cache: string | undefined) {
  const {repository} = settings
  const read = [directory, ...sshMounts(settings)]
  const written = [cache, target, isDirectory(repository) && existsSync(repository) ? repository : undefined]
  const bind = (source: string, readonly: boolean) =>
    ({type: 'bind', source, target: source, readonly}) as const
  return [
    ...(volume
      ? [{type: 'volume', source: volume.name, target: VOLUME, readonly: volume.readonly} as const]
      : []),
    ...read.flatMap(path => (path === undefined ? [] : [bind(path, true)])),
    ...written.flatMap(path => (path === undefined ? [] : [bind(path, false)])),
  ]
}

/** ssh looks up the name of its user. */
function sshMounts(settings: OffsiteSettings): string[] {
  if (parseSftp(settings.repository) === undefined) return []
  return [...sshFiles(settings), '/etc/passwd'].filter(path => existsSync(path))
}

/** Milliseconds that restic may take to print its version. */
const VERSION_MS = 30_000

/**
 * Older versions have no compression, and repositories of another format.
 * @throws tool-too-old, tool-missing
 */
async function requireVersion({program, args, env, cwd, end}: Launcher, name: string): Promise<void> {
  const running = execa(program, args, {
    env,
    cwd,
    extendEnv: false,
    reject: false,
    stdin: 'ignore',
    timeout: VERSION_MS,
  })
  const {stdout, stderr, timedOut, exitCode} = await closePipesWhenKilled(running)
  if (timedOut) {
    await end?.()
    throw new AquastreamError('tool-missing', `restic did not answer within ${VERSION_MS / 1000} s`, {
      hint: `check what happens when you run it: ${end ? `docker run ${name}` : shellQuote(name)} version`,
    })
  }
  if (end) await requireStarted(name, {exitCode, stderr})
  const [, version, minor] = /^restic (0\.(\d+)[\w.-]*)/.exec(stdout) ?? []
  if (version === undefined || Number(minor) >= 14) return
  throw new AquastreamError('tool-too-old', `restic ${version} is too old: 0.14 or newer is required`, {
    hint: `update ${end ? SETTING : 'restic'}: https://restic.readthedocs.io/en/stable/020_installation.html`,
  })
}

/**
 * Throws if Docker could not start restic.
 * @throws engine-failed; the errors of an engine that is not available
 */
export async function requireStarted(
  image: string,
  {exitCode, stderr}: {exitCode: number | undefined; stderr: string},
): Promise<void> {
  const tool = await import('../../engines/tool.js')
  await tool.requireStarted({image, setting: SETTING}, {exitCode: exitCode ?? -1, stderr})
}

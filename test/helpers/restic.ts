import {existsSync} from 'node:fs'
import {chmod, mkdir, readdir, readFile, stat, writeFile} from 'node:fs/promises'
import {delimiter, isAbsolute, join} from 'node:path'
import {setTimeout as sleep} from 'node:timers/promises'
import {execa, execaSync} from 'execa'
import {expectDone, Site} from './cli.js'
import {createQuickRepository} from './quick-repository.js'

/** The password of every test repository: a canary that no output, log or command line may contain. */
export const PASSWORD = 'offsite-canary-7f3a91c4e2d8'

/** The programs that test/testbed/provision.sh has fetched or built. */
export const TESTBED =
  process.env.AQUASTREAM_TESTBED_CACHE ||
  join(process.env.XDG_CACHE_HOME || '/var/cache', 'aquastream-testbed')

/** The restic of the next Debian. */
const NEWER = join(TESTBED, 'restic')

/** Returns the directories with a restic on this machine, by version. */
export function resticPrograms(): Map<string, string> {
  const directories = [...(process.env.PATH ?? '').split(delimiter), NEWER]
  const found = directories.filter(directory => existsSync(join(directory, 'restic')))
  return new Map(found.map(directory => [versionOf(directory), directory]))
}

function versionOf(directory: string): string {
  const {stdout} = execaSync(join(directory, 'restic'), ['version'])
  return /^restic (\d+\.\d+)/.exec(stdout)![1]!
}

/** A site with an off-site repository in a directory. */
export class OffsiteSite extends Site {
  /** The directory of the repository, if it is in one. */
  get repository(): string {
    return join(this.directory, 'offsite')
  }

  /** The directory in which a server keeps the repository. */
  storage: string | undefined

  /** The local repository of backups. */
  get backups(): string {
    return join(this.directory, 'backups', 'dev')
  }

  /** Opens a site whose restic is the one in this directory. */
  static async with(programs: string, env: NodeJS.ProcessEnv = {}): Promise<OffsiteSite> {
    const site = new OffsiteSite((await Site.open()).directory, {AQUASTREAM_PROFILE: 'dev', ...env})
    site.env.PATH = [programs, env.PATH ?? process.env.PATH].join(delimiter)
    site.env.OFFSITE_REPOSITORY ??= site.repository
    // The stack of a developer on this machine is no part of a test.
    site.env.DOCKER_HOST = 'unix:///nowhere'
    site.env.OFFSITE_PASSWORD = PASSWORD
    return site
  }

  /** Creates the repository, which costs almost nothing if it is in a directory of this machine. */
  async createRepository(): Promise<void> {
    const directory = this.storage ?? this.env.OFFSITE_REPOSITORY!
    if (isAbsolute(directory)) await createQuickRepository(directory, PASSWORD, this.program)
    else expectDone(await this.run('offsite:init'))
  }

  /** The path of restic. */
  private get program(): string {
    const paths = this.env.PATH!.split(delimiter).map(directory => join(directory, 'restic'))
    return paths.find(path => existsSync(path))!
  }

  /** Runs restic itself on the repository. */
  async restic(...args: string[]): Promise<string> {
    return (await this.tryRestic(args)).stdout
  }

  /** Runs restic itself in a directory. */
  tryRestic(args: string[], cwd = this.directory, reject = true) {
    const {PATH, HOME, OFFSITE_REPOSITORY: RESTIC_REPOSITORY} = this.env
    return execa('restic', args, {
      cwd,
      extendEnv: false,
      env: {PATH, HOME, RESTIC_REPOSITORY, RESTIC_PASSWORD: PASSWORD},
      reject,
    })
  }

  /**
   * Installs a script that runs instead of restic; `$RESTIC` in it is the real program.
   * @returns environment variables for a run of the CLI
   */
  async detour(script: string): Promise<{PATH: string}> {
    const directory = join(this.directory, 'detour')
    await mkdir(directory, {recursive: true})
    await writeFile(
      join(directory, 'restic'),
      `#!/bin/sh\nRESTIC=${this.program}\n${script}\nexec "$RESTIC" "$@"\n`,
    )
    await chmod(join(directory, 'restic'), 0o755)
    return {PATH: [directory, this.env.PATH].join(delimiter)}
  }
}

/** Waits until a condition holds. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(20)
}

/** Lists the files of a repository that contain data or describe directories, the largest first. */
export async function packsOf(repository: string): Promise<string[]> {
  const entries = await readdir(join(repository, 'data'), {recursive: true, withFileTypes: true})
  const paths = entries.filter(entry => entry.isFile()).map(({parentPath, name}) => join(parentPath, name))
  const sizes = await Promise.all(paths.map(async path => ({path, bytes: (await stat(path)).size})))
  return sizes.sort((a, b) => b.bytes - a.bytes).map(({path}) => path)
}

/** Inverts one bit in the middle of a file. */
export async function flipBit(path: string): Promise<void> {
  const content = await readFile(path)
  const middle = Math.floor(content.length / 2)
  content[middle] = content[middle]! ^ 1
  await chmod(path, 0o600)
  await writeFile(path, content)
}

import {readdir, realpath} from 'node:fs/promises'
import {dirname, join} from 'node:path'
import {execa} from 'execa'
import {which} from '../../../system/which.js'

/** The programs of one PostgreSQL. */
export interface PostgresPrograms {
  /** The folder that they are in. */
  bin: string
  major: number
  version: string
}

/** What the scripts of infra/backup need at least. */
const OLDEST_MAJOR = 15

/** Where distributions, Homebrew and Postgres.app put them: a folder per major, each with its `bin`. */
const ROOTS = [
  '/usr/lib/postgresql',
  '/usr/pgsql-',
  '/opt/homebrew/opt/postgresql@',
  '/usr/local/opt/postgresql@',
  '/Applications/Postgres.app/Contents/Versions',
]

/** Every PostgreSQL of this machine that can be used: that of PATH first, then from the newest to the oldest. */
export async function findPostgres(): Promise<PostgresPrograms[]> {
  const [onPath, elsewhere] = await Promise.all([
    which('initdb'),
    Promise.all(ROOTS.map(versionsIn)).then(found => found.flat()),
  ])
  // A link on PATH may be the only one of its folder; the other programs are where it leads to.
  const folders = [...(onPath ? [dirname(await realpath(onPath))] : []), ...elsewhere]
  const found = await Promise.all([...new Set(folders)].map(toPrograms))
  return found.flatMap(programs => (programs && programs.major >= OLDEST_MAJOR ? [programs] : []))
}

/** `ROOT/16/bin`, and where the version is part of a name, `/usr/pgsql-16/bin`; the newest first. */
async function versionsIn(root: string): Promise<string[]> {
  const cut = root.endsWith('-') || root.endsWith('@') ? root.lastIndexOf('/') + 1 : root.length + 1
  const folder = root.slice(0, cut - 1)
  const prefix = root.slice(cut)
  const names = await readdir(folder).catch(() => [])
  return names
    .filter(name => name.startsWith(prefix) && /^\d+$/.test(name.slice(prefix.length)))
    .sort((one, other) => Number(other.slice(prefix.length)) - Number(one.slice(prefix.length)))
    .map(name => join(folder, name, 'bin'))
}

async function toPrograms(bin: string): Promise<PostgresPrograms | undefined> {
  const {exitCode, stdout} = await execa(join(bin, 'postgres'), ['--version'], {reject: false})
  const [, version, major] = /PostgreSQL\) ((\d+)\S*)/.exec(stdout) ?? []
  return exitCode === 0 && version ? {bin, major: Number(major), version} : undefined
}

/** The version in what a program says of itself. */
export async function versionOf(program: string, pattern: RegExp): Promise<string> {
  const {stdout} = await execa(program, ['--version'], {reject: false})
  return pattern.exec(stdout)?.[1] ?? ''
}

import {readdir, realpath} from 'node:fs/promises'
import {dirname, join} from 'node:path'
import {execa} from '../../../system/execa.js'
import {which} from '../../../system/which.js'

/** The programs of one PostgreSQL installation. */
export interface PostgresPrograms {
  /** The directory of the programs. */
  bin: string
  major: number
  version: string
}

/** The oldest major version that the scripts in infra/backup support. */
const OLDEST_MAJOR = 15

/** Where Linux distributions, Homebrew and Postgres.app install PostgreSQL: a directory per major version. */
const ROOTS = [
  '/usr/lib/postgresql',
  '/usr/pgsql-',
  '/opt/homebrew/opt/postgresql@',
  '/usr/local/opt/postgresql@',
  '/Applications/Postgres.app/Contents/Versions',
]

/** Finds every usable PostgreSQL on this machine: first the one on PATH, then from the newest to the oldest. */
export async function findPostgres(): Promise<PostgresPrograms[]> {
  const [onPath, elsewhere] = await Promise.all([
    which('initdb'),
    Promise.all(ROOTS.map(versionsIn)).then(found => found.flat()),
  ])
  // If initdb on PATH is a symbolic link, the other programs are in the directory of its target.
  const folders = [...(onPath ? [dirname(await realpath(onPath))] : []), ...elsewhere]
  const found = await Promise.all([...new Set(folders)].map(toPrograms))
  return found.flatMap(programs => (programs && programs.major >= OLDEST_MAJOR ? [programs] : []))
}

/** Returns `ROOT/16/bin`, or `/usr/pgsql-16/bin` where the version is part of the name; the newest first. */
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

/** Returns the version in the output of `--version`; empty if the pattern does not match. */
export async function versionOf(program: string, pattern: RegExp): Promise<string> {
  const {stdout} = await execa(program, ['--version'], {reject: false})
  return pattern.exec(stdout)?.[1] ?? ''
}

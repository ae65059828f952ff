import {chown, mkdtemp, rm, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {execa, type Options} from 'execa'
import {cachedTemplate} from './cache.js'

/** The user that runs the server: nobody for root, as which PostgreSQL refuses to run; otherwise the current user. */
export const OWNER = process.getuid?.() === 0 ? {uid: 65_534, gid: 65_534} : {}

/** The password of the superuser. */
export const PASSWORD = 'pg-canary-6b1f0d9e4c72'

/** The data does not have to survive a power failure, so nothing is flushed to disk. */
const INITDB = [
  ...['-U', 'aquastream', '-E', 'UTF8', '--locale', 'C.UTF-8', '--wal-segsize', '1'],
  ...['--no-sync', '--no-instructions'],
]
const DATABASES = 'CREATE DATABASE aquastream'

/** Creates a data directory with a database `aquastream`. Copying a template takes a tenth of the time of initdb. */
export async function copyTemplate(bin: string, data: string): Promise<void> {
  const {stdout: version} = await execa(join(bin, 'initdb'), ['--version'])
  const inputs = [bin, version, INITDB, DATABASES, PASSWORD, OWNER.uid ?? process.getuid?.()]
  const template = await cachedTemplate('postgres', inputs, async directory => {
    const made = await makeTemplate(bin)
    await copy(join(made, 'data'), directory)
    await rm(made, {recursive: true})
  })
  await copy(template, data)
}

/** Creates a template in the directory for temporary files, because its owner may be unable to reach this checkout. */
async function makeTemplate(bin: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'aquastream-pg-'))
  if (OWNER.uid !== undefined) await chown(directory, OWNER.uid, OWNER.gid)
  const passwordFile = join(directory, 'password')
  await writeFile(passwordFile, PASSWORD)
  const data = join(directory, 'data')
  await execa(join(bin, 'initdb'), ['-D', data, '--pwfile', passwordFile, ...INITDB], asOwner(directory))
  const alone = ['--single', '-F', '-D', data, 'postgres']
  await execa(join(bin, 'postgres'), alone, {...asOwner(directory), input: DATABASES})
  return directory
}

async function copy(from: string, to: string): Promise<void> {
  await execa('cp', ['-a', from, to])
}

/** Returns the options with which PostgreSQL programs are run. */
export function asOwner(directory: string, variables: Record<string, string> = {}): Options {
  return {...OWNER, cwd: directory, extendEnv: false, env: {PATH: process.env.PATH, TZ: 'UTC', ...variables}}
}

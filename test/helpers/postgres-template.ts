import {createHash} from 'node:crypto'
import {existsSync} from 'node:fs'
import {chown, mkdir, mkdtemp, rename, rm, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join, resolve} from 'node:path'
import {execa, type Options} from 'execa'

/** Here what was made once is kept from run to run. */
const CACHE = resolve(import.meta.dirname, '../../node_modules/.cache/aquastream-test')

/** PostgreSQL refuses to run as root; anybody else's server is their own. */
export const OWNER = process.getuid?.() === 0 ? {uid: 65_534, gid: 65_534} : {}

/** Of the superuser. */
export const PASSWORD = 'pg-canary-6b1f0d9e4c72'

/** Nothing in it has to survive a power cut, so nothing waits for the disk. */
const INITDB = [
  ...['-U', 'aquastream', '-E', 'UTF8', '--locale', 'C.UTF-8', '--wal-segsize', '1'],
  ...['--no-sync', '--no-instructions'],
]
const DATABASES = 'CREATE DATABASE aquastream'

/** A data directory with a database `aquastream`: a copy of one that was made once, which takes a tenth of initdb. */
export async function copyTemplate(bin: string, data: string): Promise<void> {
  const template = await templateOf(bin)
  if (!existsSync(template)) await publish(template, await makeTemplate(bin))
  await copy(template, data)
}

/** What it is made of is in its name, so that none is ever out of date. */
async function templateOf(bin: string): Promise<string> {
  const {stdout: version} = await execa(join(bin, 'initdb'), ['--version'])
  const recipe = JSON.stringify([bin, version, INITDB, DATABASES, PASSWORD, OWNER.uid ?? process.getuid?.()])
  return join(CACHE, `postgres-${createHash('sha256').update(recipe).digest('hex').slice(0, 16)}`)
}

/** In the directory for temporary files, because its owner may not get to this checkout. */
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

/** Whoever makes the same at the same time may be first: theirs is as good. */
async function publish(template: string, directory: string): Promise<void> {
  await mkdir(CACHE, {recursive: true})
  const mine = `${template}.${process.pid}`
  await copy(join(directory, 'data'), mine)
  await rename(mine, template).catch(() => rm(mine, {recursive: true}))
  await rm(directory, {recursive: true})
}

async function copy(from: string, to: string): Promise<void> {
  await execa('cp', ['-a', from, to])
}

/** How PostgreSQL's own programs are run. */
export function asOwner(directory: string, variables: Record<string, string> = {}): Options {
  return {...OWNER, cwd: directory, extendEnv: false, env: {PATH: process.env.PATH, TZ: 'UTC', ...variables}}
}

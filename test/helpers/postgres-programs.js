// Finds the PostgreSQL programs of this machine. Plain JavaScript, because test/run.js uses it too.
import {execFileSync} from 'node:child_process'
import {existsSync, readdirSync} from 'node:fs'
import {delimiter, join} from 'node:path'

/** The directories in which the packages of Debian and test/testbed/provision.sh install PostgreSQL. */
const ROOTS = [
  '/usr/lib/postgresql',
  join(
    process.env.AQUASTREAM_TESTBED_CACHE ||
      join(process.env.XDG_CACHE_HOME || '/var/cache', 'aquastream-testbed'),
    'postgresql',
  ),
]

/**
 * Returns the directory of the programs by major version, the lowest first.
 *
 * @returns {Map<number, string>}
 */
export function postgresPrograms() {
  const found = new Map()
  const add = (major, bin) => {
    if (major >= 15 && !found.has(major) && existsSync(join(bin, 'initdb'))) found.set(major, bin)
  }
  for (const root of ROOTS.filter(root => existsSync(root)))
    for (const name of readdirSync(root)) add(Number(name), join(root, name, 'bin'))
  const onPath = (process.env.PATH ?? '').split(delimiter).find(bin => existsSync(join(bin, 'initdb')))
  if (onPath) add(majorOf(onPath), onPath)
  return new Map([...found].sort(([one], [other]) => one - other))
}

function majorOf(bin) {
  const version = execFileSync(join(bin, 'initdb'), ['--version'], {encoding: 'utf8'})
  return Number(/\d+/.exec(version)?.[0])
}

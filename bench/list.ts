// The CPU time of db:list with many backups.
import {rm} from 'node:fs/promises'
import {join, resolve} from 'node:path'
import {execa} from 'execa'
import {Site} from '../test/helpers/cli.js'
import {idAgo, writeSet} from '../test/helpers/sets.js'

const SETS = Number(process.argv[2] ?? 3000)
const ROUNDS = Number(process.argv[3] ?? 5)
const CLI = resolve(import.meta.dirname, '../bin/run.js')

await using site = await Site.open({AQUASTREAM_PROFILE: 'dev'})
const root = join(site.directory, 'backups', 'dev')
for (let day = 0; day < SETS; day++) await writeSet(root, idAgo(24 * day))
for (const flags of [[], ['--json']]) {
  const seconds = []
  for (let round = 0; round < ROUNDS; round++) seconds.push(await cpuSeconds('db:list', ...flags))
  const median = seconds.sort((a, b) => a - b)[seconds.length >> 1]!
  console.log(`db:list ${flags.join(' ').padEnd(6)} of ${SETS} backups: ${median.toFixed(2)} CPU seconds`)
}
await rm(root, {recursive: true})

/** The second line of `times` has the CPU time of child processes: minutes and seconds, user and system. */
async function cpuSeconds(...args: string[]): Promise<number> {
  const script = '"$@" >/dev/null 2>&1; times'
  const command = ['-c', script, 'sh', process.execPath, '--', CLI, ...args]
  const {stdout} = await execa('sh', command, {cwd: site.directory, env: site.env, extendEnv: false})
  const parts = [...stdout.split('\n')[1]!.matchAll(/(\d+)m([\d.]+)s/g)]
  return parts.reduce((sum, [, minutes, seconds]) => sum + Number(minutes) * 60 + Number(seconds), 0)
}

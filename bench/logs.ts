// Compares `logs` of seven services with `docker compose logs`, both written to a file, with the peak memory of each.
import {join} from 'node:path'
import {execa} from 'execa'
import {StackSite} from '../test/helpers/stack.js'
import {compare, report} from './compare.js'

const LINES = Number(process.argv[2] ?? 200_000)
const ROUNDS = Number(process.argv[3] ?? 3)
const CLI = join(import.meta.dirname, '../bin/run.js')
const SERVICES = ['gateway', 'user', 'event', 'crew', 'payment', 'notification', 'media']

await using site = await StackSite.open()
const lines = Math.round(LINES / SERVICES.length)
// Any image with a shell can be used; the container keeps running, so that the project counts as running.
const script = `awk 'BEGIN { for (i = 0; i < ${lines}; i++) printf "2026-11-28T02:00:00.%03dZ  INFO 1 --- [nio-8080-exec-%d] org.aquastream.Service : request %d done in 12 ms, id 7f3c9a1e\\n", i % 1000, i % 9, i }'; exec sleep 3600`
const services = Object.fromEntries(
  SERVICES.map(name => [
    name,
    {image: 'redis:7-alpine', entrypoint: ['sh', '-c', script.replaceAll('$', '$$$$')]},
  ]),
)
await site.write('compose.json', JSON.stringify({name: site.project, services}))
const compose = ['compose', '-p', site.project, '-f', join(site.directory, 'compose.json')]
await execa('docker', [...compose, 'up', '-d', '--pull', 'never'])
while ((await count()) < lines * SERVICES.length);

const ours = (): Promise<unknown> =>
  execa(process.execPath, [CLI, 'logs', '--profile', 'dev'], {
    cwd: site.directory,
    env: site.env,
    extendEnv: false,
    stdout: {file: join(site.directory, 'ours')},
  })
const theirs = (): Promise<unknown> =>
  execa('docker', [...compose, 'logs', '--no-color'], {stdout: {file: join(site.directory, 'theirs')}})
console.log(`${'median of ' + String(ROUNDS)} runs in turn`.padEnd(34), '      logs     compose  ratio')
report(`${LINES} lines of ${SERVICES.length} services`, await compare(ours, theirs, ROUNDS))

/** The number of lines that the engine stores. */
async function count(): Promise<number> {
  const {stdout} = await execa('sh', ['-c', `docker compose -p ${site.project} logs --no-color | wc -l`])
  return Number(stdout)
}

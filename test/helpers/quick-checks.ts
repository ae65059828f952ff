import {cp, mkdtemp, readFile, rm, symlink, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join, resolve} from 'node:path'

const ROOT = resolve(import.meta.dirname, '../..')

/**
 * A copy of the built CLI that checks backends every second, and by default gives them one second to start: what takes
 * minutes with the real Compose file takes seconds.
 */
export async function openQuickChecks(startPeriod = '1s'): Promise<AsyncDisposable & {cli: string}> {
  const directory = await mkdtemp(join(tmpdir(), 'aquastream-quick-'))
  for (const name of ['bin', 'dist', 'infra', 'package.json', 'oclif.manifest.json'])
    await cp(join(ROOT, name), join(directory, name), {recursive: true})
  await symlink(join(ROOT, 'node_modules'), join(directory, 'node_modules'))
  const compose = join(directory, 'infra/compose/docker-compose.yml')
  const text = await readFile(compose, 'utf8')
  await writeFile(
    compose,
    text
      .replace('interval: 10s', 'interval: 1s')
      .replace('start_period: 180s', `start_period: ${startPeriod}`),
  )
  return {
    cli: join(directory, 'bin/run.js'),
    [Symbol.asyncDispose]: () => rm(directory, {recursive: true, force: true}),
  }
}

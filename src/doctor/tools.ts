import {fileURLToPath} from 'node:url'
import type {StackContext} from '../engines/stack-context.js'
import {AquastreamError} from '../errors.js'
import {reachServer} from '../postgres/server.js'
import {readTools} from '../postgres/versions.js'
import {SERVICES} from '../stack/catalogue.js'
import {execa} from '../system/execa.js'
import {shellQuote} from '../system/text/shell-quote.js'
import {advice, type Check, failed, ok, skipped, warning} from './check.js'
import {isUnreachable} from './engine.js'

const TOOLS = ['psql', 'pg_dump', 'pg_dumpall', 'gzip']

/** Checks for the PostgreSQL client tools. They are not needed where the server of the stack has its own. */
export const tools: Check = {
  name: 'tools',
  async run({settings, plan, engine, signal}) {
    const found = await Promise.all(TOOLS.map(async tool => [tool, await versionOf(tool, signal)] as const))
    const missing = found.filter(([, version]) => version === undefined).map(([tool]) => tool)
    if (missing.length === 0) return ok(found.map(([tool, version]) => `${tool} ${version}`).join(', '))
    const message = `${missing.join(', ')} not found on this machine`
    const hint =
      'install the PostgreSQL client tools, at least as new as the server: https://www.postgresql.org/download/'
    if ((await settings()).settings.values.DATABASE_URL) {
      const why = 'required because DATABASE_URL is set'
      return failed({code: 'tool-missing', message: `${message}; ${why}`, hint})
    }
    const isPackaged = (await engine()).engine.name === 'embedded' && (await plan()).images.length > 0
    if (!isPackaged) return skipped(`${message}; not needed: the stack has its own`)
    return warning(
      `${message}; the db commands need them, and PostgreSQL from npm does not include them`,
      hint,
    )
  },
}

/** Checks whether igzip, which compresses faster than pg_dump, is installed where the dumps are created. */
export const compressor: Check = {
  name: 'compressor',
  async run({settings, stack, plan, engine, signal}) {
    const {values} = (await settings()).settings
    if (!values.DATABASE_URL) {
      if (isUnreachable((await plan()).problems)) return skipped('not checked: no engine is available')
      if ((await engine()).engine.name === 'compose') return besideServer(await stack(), values)
    }
    const version = await versionOf('igzip', signal)
    if (version !== undefined) return ok(`igzip ${version} compresses backups`)
    return advice(
      `igzip not found on this machine; ${GAIN}`,
      'install it: apt-get install isal, or apk add isa-l',
    )
  },
}

const GAIN = 'with igzip, compressing a backup takes about a quarter of the CPU time that pg_dump needs'

/** The compressor in the container of the server, if it runs. */
async function besideServer(stack: StackContext, values: Record<string, string>) {
  try {
    const {compressor: found} = await readTools(await reachServer(stack))
    if (found !== undefined) return ok(`${found} compresses backups`)
  } catch (error) {
    if (error instanceof AquastreamError) return skipped('not checked: PostgreSQL is not running')
    throw error
  }
  const usual = SERVICES.find(({name}) => name === 'postgres')!
  const image = values[usual.imageVariable] ?? `${values.IMAGE_PREFIX ?? ''}${usual.image}`
  const tag = /:([\w.-]+)$/.exec(image)?.[1] ?? 'latest'
  const name = `aquastream/postgres-isal:${tag}`
  const directory = fileURLToPath(new URL('../../infra/postgres', import.meta.url))
  return advice(
    `igzip not found in ${image}; ${GAIN}`,
    `docker build -t ${name} --build-arg BASE=${shellQuote(image)} ${shellQuote(directory)}; then set POSTGRES_IMAGE=${name} and run env:up`,
  )
}

async function versionOf(tool: string, cancelSignal: AbortSignal): Promise<string | undefined> {
  const options = {stdin: 'ignore', reject: false, cancelSignal} as const
  const {exitCode, stdout, stderr} = await execa(tool, ['--version'], options)
  return exitCode === 0 ? (/\d+(?:\.\d+)+/.exec(stdout + stderr)?.[0] ?? 'of unknown version') : undefined
}

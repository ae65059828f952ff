import {execa} from '../system/execa.js'
import {type Check, failed, ok, skipped, warning} from './check.js'

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

async function versionOf(tool: string, cancelSignal: AbortSignal): Promise<string | undefined> {
  const options = {stdin: 'ignore', reject: false, cancelSignal} as const
  const {exitCode, stdout, stderr} = await execa(tool, ['--version'], options)
  return exitCode === 0 ? (/\d+(?:\.\d+)+/.exec(stdout + stderr)?.[0] ?? 'of unknown version') : undefined
}

import {execa} from 'execa'
import {type Check, failed, ok, skipped, warning} from './check.js'

const TOOLS = ['psql', 'pg_dump', 'pg_dumpall', 'gzip']

/** Where a server has tools of its own beside it, those are used, and none of this machine are needed. */
export const tools: Check = {
  name: 'tools',
  async look({settings, plan, stack, signal}) {
    const found = await Promise.all(TOOLS.map(async tool => [tool, await versionOf(tool, signal)] as const))
    const missing = found.filter(([, version]) => version === undefined).map(([tool]) => tool)
    if (missing.length === 0) return ok(found.map(([tool, version]) => `${tool} ${version}`).join(', '))
    const message = `there is no ${missing.join(', ')} on this machine`
    const hint =
      "install PostgreSQL's client tools, as new as the server: https://www.postgresql.org/download/"
    if ((await settings()).settings.values.DATABASE_URL) {
      const why = 'and DATABASE_URL names a server that is reached by them'
      return failed({code: 'tool-missing', message: `${message}, ${why}`, hint})
    }
    const isPackaged = (await stack()).engine.name === 'embedded' && (await plan()).images.length > 0
    if (!isPackaged) return skipped(`${message}; a running stack brings its own`)
    return warning(`${message}, and the PostgreSQL that npm brings has none: the db commands need them`, hint)
  },
}

async function versionOf(tool: string, cancelSignal: AbortSignal): Promise<string | undefined> {
  const options = {stdin: 'ignore', reject: false, cancelSignal} as const
  const {exitCode, stdout, stderr} = await execa(tool, ['--version'], options)
  return exitCode === 0 ? (/\d+(?:\.\d+)+/.exec(stdout + stderr)?.[0] ?? 'of some version') : undefined
}

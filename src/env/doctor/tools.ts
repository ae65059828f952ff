import {execa} from 'execa'
import {type Check, failed, ok, skipped} from './check.js'

const TOOLS = ['psql', 'pg_dump', 'pg_dumpall', 'gzip']

/** Only a server that DATABASE_URL names needs tools of this machine: beside a running stack its own are used. */
export const tools: Check = {
  name: 'tools',
  async look({settings, signal}) {
    const found = await Promise.all(TOOLS.map(async tool => [tool, await versionOf(tool, signal)] as const))
    const missing = found.filter(([, version]) => version === undefined).map(([tool]) => tool)
    if (missing.length === 0) return ok(found.map(([tool, version]) => `${tool} ${version}`).join(', '))
    const message = `there is no ${missing.join(', ')} on this machine`
    if (!(await settings()).settings.values.DATABASE_URL)
      return skipped(`${message}; a running stack brings its own`)
    return failed({
      code: 'tool-missing',
      message: `${message}, and DATABASE_URL names a server that is reached by them`,
      hint: "install PostgreSQL's client tools, as new as the server: https://www.postgresql.org/download/",
    })
  },
}

async function versionOf(tool: string, cancelSignal: AbortSignal): Promise<string | undefined> {
  const options = {stdin: 'ignore', reject: false, cancelSignal} as const
  const {exitCode, stdout, stderr} = await execa(tool, ['--version'], options)
  return exitCode === 0 ? (/\d+(?:\.\d+)+/.exec(stdout + stderr)?.[0] ?? 'of some version') : undefined
}

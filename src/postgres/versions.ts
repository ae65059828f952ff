import {AquastreamError} from '../errors.js'
import {readOutput} from './output.js'
import type {Server} from './server.js'
import type {Session} from './session.js'

/** The first version whose pg_dump sets transaction_timeout in a dump. Older servers reject this setting. */
const UNREADABLE_BEFORE = 17

/** The oldest supported version: publications of schemas exist since 15, and pg_dump --extension since 14. */
const OLDEST = 15

/** The client tools of a server. */
export interface Tools {
  /** The version of pg_dump, such as 16.14. */
  pgDump: string
  /** The program that compresses faster than pg_dump, such as `igzip 2.30.0`; undefined if there is none. */
  compressor: string | undefined
}

/**
 * Finds out which client tools a server has. The query does not connect to the server.
 * @throws database-unreachable
 */
export async function readTools(server: Server): Promise<Tools> {
  const [pgDump = '', compressor] = (await readOutput(server.run('backup', ['tools']))).trimEnd().split('\n')
  return {pgDump, compressor}
}

/**
 * Checks that the server and the client tools are compatible: pg_dump refuses a server newer than itself.
 * @throws tool-too-old, tool-too-new, database-unreachable; SqlError
 */
export async function checkVersions(
  {server, session}: {server: Server; session: Session},
  {pgDump}: Tools,
): Promise<void> {
  const major = await session.json<number>("SELECT current_setting('server_version_num')::int / 10000")
  if (major < OLDEST) {
    throw new AquastreamError(
      'tool-too-old',
      `${server.name} is PostgreSQL ${major}, but ${OLDEST} or newer is required`,
      {
        hint: 'upgrade the server: https://www.postgresql.org/support/versioning/',
      },
    )
  }
  if (Number.parseInt(pgDump, 10) < major) {
    throw new AquastreamError(
      'tool-too-old',
      `pg_dump ${pgDump} cannot back up ${server.name}, which is PostgreSQL ${major}`,
      {
        hint: `install the PostgreSQL client tools, version ${major} or newer, and put them first in PATH`,
      },
    )
  }
  if (Number.parseInt(pgDump, 10) >= UNREADABLE_BEFORE && major < UNREADABLE_BEFORE) {
    throw new AquastreamError(
      'tool-too-new',
      `dumps written by pg_dump ${pgDump} cannot be restored into ${server.name}, which is PostgreSQL ${major}`,
      {
        hint: `put the client tools of version ${major} first in PATH, for example /usr/lib/postgresql/${major}/bin`,
      },
    )
  }
}

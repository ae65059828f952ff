import pg from 'pg'
import type {Database} from '../environment.js'
import type {Check} from './check.js'

/** Logs in as the service does and looks for its schema. */
export function postgresCheck(database: Database): Check {
  const pool = new pg.Pool({
    host: database.host,
    port: database.port,
    database: database.database,
    user: database.user,
    password: database.password,
    max: 1,
    connectionTimeoutMillis: 1500,
    query_timeout: 1500,
  })
  // An idle connection that breaks is dropped by the pool; the next probe opens another and has the cause.
  pool.on('error', () => {})
  return {
    name: 'db',
    async probe() {
      const {rows} = await pool.query<{found: boolean}>(
        'SELECT $1::text IS NULL OR EXISTS (SELECT FROM pg_namespace WHERE nspname = $1) AS found',
        [database.schema],
      )
      if (!rows[0]?.found) {
        throw new Error(`schema "${database.schema}" does not exist in database "${database.database}"`)
      }
      return {database: 'PostgreSQL', ...(database.schema ? {schema: database.schema} : {})}
    },
    close: () => pool.end(),
  }
}

import pg from 'pg'
import type {Database} from '../environment.js'
import type {HealthCheck} from './check.js'

/** Creates a check that logs in with the credentials of the service and looks for its schema. */
export function postgresCheck(database: Database): HealthCheck {
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
  // The pool drops an idle connection that breaks; the next probe opens a new one and reports the cause
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

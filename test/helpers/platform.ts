import {readFile} from 'node:fs/promises'
import {join} from 'node:path'
import type {Sql} from './postgres.js'

export interface PlatformOptions {
  database?: string
  /** The number of rows in each larger table. */
  rows?: number
  /** Create views that refer to another schema. */
  views?: boolean
  /** Create a cast, an event trigger and a large object, which the dump of a schema does not contain. */
  extras?: boolean
  /** Create citext in the schema user and btree_gist in public, if the server has both extensions. */
  extensions?: boolean
}

const FIXTURE = join(import.meta.dirname, '../fixtures/platform.sql')

/** Creates the schemas of the platform, with every kind of object that a backup could lose. */
export async function loadPlatform(
  {sql}: {sql: Sql},
  {database, rows = 20, views = true, extras = false, extensions = true}: PlatformOptions = {},
): Promise<void> {
  const variables = Object.entries({rows, views, extras, extensions}).map(
    ([name, value]) => `\\set ${name} ${value}\n`,
  )
  await sql(variables.join('') + (await readFile(FIXTURE, 'utf8')), database === undefined ? {} : {database})
}

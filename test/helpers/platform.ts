import {readFile} from 'node:fs/promises'
import {join} from 'node:path'
import type {Sql} from './postgres.js'

export interface PlatformOptions {
  database?: string
  /** Of each larger table. */
  rows?: number
  /** Views of one schema on another. */
  views?: boolean
  /** A cast, an event trigger and a large object, which no dump of one schema contains. */
  extras?: boolean
  /** citext in the schema user and btree_gist in public, where the server has them: 15 and 17 of the testbed. */
  extensions?: boolean
}

const FIXTURE = join(import.meta.dirname, '../fixtures/platform.sql')

/** Fills a database with the platform's schemas, and with everything in them that a backup can lose. */
export async function loadPlatform(
  {sql}: {sql: Sql},
  {database, rows = 20, views = true, extras = false, extensions = true}: PlatformOptions = {},
): Promise<void> {
  const variables = Object.entries({rows, views, extras, extensions}).map(
    ([name, value]) => `\\set ${name} ${value}\n`,
  )
  await sql(variables.join('') + (await readFile(FIXTURE, 'utf8')), database === undefined ? {} : {database})
}

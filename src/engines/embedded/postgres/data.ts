import {readFile} from 'node:fs/promises'
import {join} from 'node:path'

/** Returns the major version of PostgreSQL that created a data directory; undefined if there is no data. */
export async function majorOf(data: string): Promise<number | undefined> {
  const text = await readFile(join(data, 'PG_VERSION'), 'utf8').catch(() => '')
  return Number(text.trim()) || undefined
}

import {readFile} from 'node:fs/promises'
import {join} from 'node:path'

/** The major version of PostgreSQL that made a data directory; nothing when there is no data. */
export async function majorOf(data: string): Promise<number | undefined> {
  const text = await readFile(join(data, 'PG_VERSION'), 'utf8').catch(() => '')
  return Number(text.trim()) || undefined
}

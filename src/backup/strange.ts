import type {Server} from '../postgres/server.js'
import {damaged, readProven, type SourceArchive} from './archive-source.js'
import {unpack} from './unpack.js'

const TRAILER = '-- PostgreSQL database dump complete'
/** So much after the trailer at most: pg_dump ends with a few lines. */
const TAIL = 1024

/**
 * Checks an archive that no manifest vouches for: made by pg_dump, whole to its last line, and without a command
 * that would leave the connection and so the transaction.
 * @throws archive-damaged
 */
export async function checkStrange(archive: SourceArchive, server: Server): Promise<void> {
  let head = ''
  let tail = ''
  let connects = false
  try {
    for await (const chunk of unpack(archive, server, readProven(archive))) {
      if (head.length < TAIL) head += chunk.toString('latin1', 0, TAIL)
      const text = tail + chunk.toString('latin1')
      // Rows write a backslash as two, so such a line is a command of psql; pg_dump --create writes it.
      connects ||= /^\\(?:c|connect) /m.test(text)
      tail = text.slice(-TAIL)
    }
  } catch (error) {
    throw damaged(archive.path, `it cannot be unpacked to its end (${(error as Error).message})`)
  }
  if (!head.includes('-- PostgreSQL database dump')) throw damaged(archive.path, 'it is no dump of pg_dump')
  if (!tail.includes(TRAILER)) throw damaged(archive.path, 'its end is missing')
  if (connects)
    throw damaged(archive.path, 'it changes the database (pg_dump --create), which cannot be undone')
}

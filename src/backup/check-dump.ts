import {AquastreamError} from '../errors.js'
import type {Server} from '../postgres/server.js'
import {damaged, readProven, type SourceArchive} from './archive-source.js'
import {unpack} from './unpack.js'

const BEGINNING = '-- PostgreSQL database dump'
const TRAILER = '-- PostgreSQL database dump complete'
/** So much after the trailer at most: pg_dump ends with a few lines. */
const TAIL = 1024

/**
 * Reads an archive to its end: its checksum, its packing, its first and its last lines, and no command that would
 * leave the connection and with it the transaction. For what no manifest vouches for, and to prove the others.
 *
 * @param server to unpack what Node cannot
 * @throws archive-damaged
 */
export async function checkDump(archive: SourceArchive, server: Server | undefined): Promise<void> {
  let head = ''
  let tail = ''
  let connects = false
  let edge: Buffer = Buffer.alloc(0)
  try {
    for await (const chunk of unpack(archive, server, readProven(archive))) {
      if (head.length < TAIL) head += chunk.toString('latin1', 0, TAIL)
      // Rows write a backslash as two, so such a line is a command of psql; pg_dump --create writes it.
      connects ||= Buffer.concat([edge, chunk]).includes(CONNECT)
      edge = chunk.subarray(-CONNECT.length)
      tail = (tail + chunk.toString('latin1', Math.max(chunk.length - TAIL, 0))).slice(-TAIL)
    }
  } catch (error) {
    if (error instanceof AquastreamError) throw error
    throw damaged(archive.path, `it cannot be unpacked to its end (${(error as Error).message})`)
  }
  if (!head.includes(BEGINNING)) throw damaged(archive.path, 'it is no dump of pg_dump')
  if (!tail.includes(TRAILER)) throw damaged(archive.path, 'its end is missing')
  if (connects)
    throw damaged(archive.path, 'it changes the database (pg_dump --create), which cannot be undone')
}

const CONNECT = '\n\\connect '

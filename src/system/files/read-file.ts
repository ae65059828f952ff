import {constants} from 'node:fs'
import {type FileHandle, open} from 'node:fs/promises'
import {setTimeout as sleep} from 'node:timers/promises'
import {errnoOf, FileError} from './file-errors.js'

/** How long a pipe may have no writer, in ms. */
const WRITER_MS = 3000
const POLL_MS = 20
const CHUNK = 1 << 16
/** The maximum size of a file, in bytes: a device such as /dev/zero has no end. */
const LIMIT = 1 << 20

/**
 * Reads a small file, which may be a pipe such as `<(decrypt FILE)`. A pipe is read until its writer closes it.
 *
 * `readFile` of Node would open a pipe without a writer in a thread that nothing can end, not even the end of the
 * process: only SIGKILL. This opens it without waiting, and repeats the reads, see fifo(7) and read(2).
 * @throws FileError: no program writes to the pipe, or the file is too large; an errno error; the reason of the signal
 */
export async function readSmallFile(path: string, signal?: AbortSignal): Promise<Buffer> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    const isPipe = (await file.stat()).isFIFO()
    return await readToEnd(file, {isPipe, signal})
  } finally {
    await file.close()
  }
}

async function readToEnd(
  file: FileHandle,
  {isPipe, signal}: {isPipe: boolean; signal: AbortSignal | undefined},
): Promise<Buffer> {
  const deadline = performance.now() + WRITER_MS
  const chunks: Buffer[] = []
  let bytes = 0
  // Only a pipe reports its end before it has had a writer.
  let hadWriter = !isPipe
  for (;;) {
    const chunk = await readChunk(file)
    if (chunk?.length === 0 && hadWriter) return Buffer.concat(chunks)
    if (chunk && chunk.length > 0) {
      chunks.push(chunk)
      bytes += chunk.length
      if (bytes > LIMIT) throw new FileError('TOO_LARGE')
    } else if (!hadWriter && performance.now() > deadline) {
      throw new FileError('NO_WRITER')
    } else {
      await sleep(POLL_MS, undefined, {signal}).catch(() => signal?.throwIfAborted())
    }
    hadWriter ||= chunk?.length !== 0
  }
}

/** Returns an empty chunk at the end, and undefined if the writer has not written anything yet. */
async function readChunk(file: FileHandle): Promise<Buffer | undefined> {
  try {
    const {buffer, bytesRead} = await file.read(Buffer.alloc(CHUNK), 0, CHUNK, null)
    return buffer.subarray(0, bytesRead)
  } catch (error) {
    if (errnoOf(error) === 'EAGAIN') return undefined
    throw error
  }
}

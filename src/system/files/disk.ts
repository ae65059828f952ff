import {open, statfs} from 'node:fs/promises'

/** Makes sure that a file, or the names in a directory, survive a power cut. */
export async function flush(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Bytes that this user can still write to the disk of a path. */
export async function freeSpace(path: string): Promise<number> {
  const {bavail, bsize} = await statfs(path)
  return bavail * bsize
}

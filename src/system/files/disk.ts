import {open, statfs} from 'node:fs/promises'

/** Writes a file, or the names in a directory, to the disk, so that they survive a power failure. */
export async function flush(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Returns the number of bytes that this user can still write to the disk of a path. */
export async function freeSpace(path: string): Promise<number> {
  const {bavail, bsize} = await statfs(path)
  return bavail * bsize
}

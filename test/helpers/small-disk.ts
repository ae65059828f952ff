import {mkdir} from 'node:fs/promises'
import {execa} from 'execa'

/** Only root mounts. */
export const canMount = process.getuid?.() === 0

/** A disk of so many bytes in memory at a path, until it is disposed of. */
export async function mountSmallDisk(path: string, bytes: number): Promise<AsyncDisposable & {path: string}> {
  await mkdir(path, {recursive: true})
  await execa('mount', ['-t', 'tmpfs', '-o', `size=${bytes},mode=0777`, 'aquastream-test', path])
  return {
    path,
    async [Symbol.asyncDispose]() {
      await execa('umount', ['--lazy', path])
    },
  }
}

import {mkdir} from 'node:fs/promises'
import {execa} from 'execa'

/** Only root mounts. */
export const canMount = process.getuid?.() === 0

/** A mounted disk, until it is disposed of. */
type Disk = AsyncDisposable & {path: string}

/** A disk of so many bytes in memory at a path, until it is disposed of; 0 files means any number of files. */
export function mountSmallDisk(path: string, bytes: number, files = 0): Promise<Disk> {
  return mount(path, ['-t', 'tmpfs', '-o', `size=${bytes},nr_inodes=${files},mode=0777`, 'aquastream-test'])
}

/** What a directory holds as a read-only disk, until it is disposed of. */
export function mountReadOnly(path: string): Promise<Disk> {
  return mount(path, ['-o', 'bind,ro', path])
}

async function mount(path: string, options: string[]): Promise<Disk> {
  await mkdir(path, {recursive: true})
  await execa('mount', [...options, path])
  return {
    path,
    async [Symbol.asyncDispose]() {
      await execa('umount', ['--lazy', path])
    },
  }
}

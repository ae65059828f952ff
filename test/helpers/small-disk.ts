import {mkdir} from 'node:fs/promises'
import {execa} from 'execa'

/** Whether this user can mount a file system; only root can. */
export const canMount = process.getuid?.() === 0

/** A mounted file system, which is unmounted on disposal. */
type Disk = AsyncDisposable & {path: string}

/** Mounts a file system in memory with this size; with 0 `files`, the number of files is not limited. */
export function mountSmallDisk(path: string, bytes: number, files = 0): Promise<Disk> {
  return mount(path, ['-t', 'tmpfs', '-o', `size=${bytes},nr_inodes=${files},mode=0777`, 'aquastream-test'])
}

/** Mounts a directory read-only on itself. */
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

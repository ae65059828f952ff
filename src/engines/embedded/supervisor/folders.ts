import {lchown, lstat, mkdir} from 'node:fs/promises'
import {join} from 'node:path'
import type {Home} from '../home/home.js'
import type {Run} from '../service-spec.js'

/** Makes the folders that a program works in, and gives them to its user. The home itself is there, and stays ours. */
export async function makeFolders({directory, folders = [], owner}: Run, home: Home): Promise<void> {
  for (const path of [directory, ...folders.map(folder => join(directory, folder))]) {
    await mkdir(path, {recursive: true, mode: 0o700})
    // Also what a start made that was killed before it could give it away.
    const isOurs = path !== home.path && (await lstat(path)).uid === process.getuid?.()
    if (owner && isOurs) await lchown(path, owner.uid, owner.gid)
  }
}

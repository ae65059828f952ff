import {lchown, lstat} from 'node:fs/promises'
import {join} from 'node:path'
import {createDirectory} from '../../../system/files/create-directory.js'
import type {StackDirectory} from '../stack-directory/stack-directory.js'
import type {Run} from '../service-spec.js'

/** Creates the directories of a service. The stack directory itself exists and keeps its owner. */
export async function makeFolders(
  {directory, folders = [], owner}: Run,
  stackDirectory: StackDirectory,
): Promise<void> {
  for (const path of [directory, ...folders.map(folder => join(directory, folder))]) {
    await createDirectory(path, 0o700)
    // An earlier start may have been killed before it changed the owner.
    const isOurs = path !== stackDirectory.path && (await lstat(path)).uid === process.getuid?.()
    if (owner && isOurs) await lchown(path, owner.uid, owner.gid)
  }
}

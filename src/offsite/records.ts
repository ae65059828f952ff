import {appendFile, readFile} from 'node:fs/promises'
import {join} from 'node:path'
import {storageError} from '../backup/storage-error.js'
import type {StackContext} from '../engines/stack-context.js'
import {flush} from '../system/files/disk.js'
import {errnoOf} from '../system/files/file-errors.js'
import {makeWorkplace, workplaceOf} from './workplace.js'

/**
 * Adds lines to a record of this machine, which only its user can read. Each line is added at once and nothing is
 * replaced, so that two commands at the same time lose no line.
 * @throws backup-directory, disk-full
 */
export async function addLines(stack: StackContext, name: string, lines: string[]): Promise<void> {
  const path = join(workplaceOf(stack), name)
  try {
    await makeWorkplace(stack)
    // A line that a power failure has cut off ends before the new ones.
    await appendFile(path, lines.map(line => `\n${line}`).join(''), {mode: 0o600})
    await flush(path)
  } catch (error) {
    throw storageError(path, error)
  }
}

/**
 * Reads a record of this machine; undefined if there is none.
 * @throws backup-directory
 */
export async function readRecord(stack: StackContext, name: string): Promise<string[] | undefined> {
  const path = join(workplaceOf(stack), name)
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw storageError(path, error)
  })
  return text?.split('\n')
}

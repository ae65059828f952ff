import {rename, writeFile} from 'node:fs/promises'

/** Where a file is written before it gets its name. */
export const DRAFT = '.new'

/** Writes a file with mode 0600 atomically: readers find the old text or the new one, also after a crash. */
export async function replaceFile(path: string, text: string): Promise<void> {
  const draft = path + DRAFT
  await writeFile(draft, text, {mode: 0o600, flush: true})
  await rename(draft, path)
}

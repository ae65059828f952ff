import {mkdtemp, readdir, readFile, rm} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {execa} from 'execa'

/** Unpacks an archive with the tar program of the system, and returns the files by their path in the archive. */
export async function unpack(archive: string): Promise<Map<string, string>> {
  const directory = await mkdtemp(join(tmpdir(), 'aquastream-unpacked-'))
  try {
    await execa('tar', ['-xzf', archive, '-C', directory])
    const entries = await readdir(directory, {recursive: true, withFileTypes: true})
    const files = entries.filter(entry => entry.isFile()).map(({parentPath, name}) => join(parentPath, name))
    const texts = await Promise.all(files.map(path => readFile(path, 'utf8')))
    return new Map(files.map((path, index) => [path.slice(directory.length + 1), texts[index]!]))
  } finally {
    await rm(directory, {recursive: true})
  }
}

import {readdir, stat} from 'node:fs/promises'
import {join} from 'node:path'
import {beforeEach, describe, expect, test} from 'vitest'
import {failure, report} from '../helpers/backups.js'
import {flipBit, OffsiteSite, resticPrograms} from '../helpers/restic.js'
import {idAgo, writeSet} from '../helpers/sets.js'

describe.each([...resticPrograms()])('damage that restic %s has to find', (_version, programs) => {
  let site: OffsiteSite
  beforeEach(async () => {
    site = await OffsiteSite.with(programs)
    await report(site, ['offsite:init'])
    await writeSet(site.backups, idAgo(3))
    await report(site, ['offsite:push'])
    return () => site[Symbol.asyncDispose]()
  })

  /** The smallest file of a directory of the repository: of the data, the one with the names of the files. */
  async function smallest(name: string): Promise<string> {
    const root = join(site.repository, name)
    const files = (await readdir(root, {recursive: true, withFileTypes: true})).filter(file => file.isFile())
    const paths = files.map(file => join(file.parentPath, file.name))
    const sizes = await Promise.all(paths.map(async path => ({path, bytes: (await stat(path)).size})))
    return sizes.sort((a, b) => a.bytes - b.bytes)[0]!.path
  }

  test.each(['index', 'snapshots', 'data'])(
    'a flipped bit in %s is found in spite of the cache',
    async name => {
      await flipBit(await smallest(name))
      for (const command of ['offsite:check', 'offsite:push'])
        expect(await failure(site, command)).toMatchObject({code: 'offsite-damaged', exitCode: 7})
    },
  )
})

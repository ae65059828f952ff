import {appendFile, mkdir, mkdtemp, rename, rm, symlink, truncate, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {expect, test} from 'vitest'
import {listSets} from '../../src/backup/repository/sets.js'
import {type SetOptions, writeSet} from '../helpers/sets.js'
import {setId, timeOf} from '../../src/backup/repository/backup-set.js'

const ID = '20261123T020000Z'
const USER = `user_${ID}.sql.gz`

async function openRoot(): Promise<AsyncDisposable & {root: string}> {
  const root = await mkdtemp(join(tmpdir(), 'aquastream-sets-'))
  return {root, [Symbol.asyncDispose]: () => rm(root, {recursive: true})}
}

/** Writes a backup, changes it, and returns its state. */
async function setAfter(change: (path: string) => Promise<unknown>, options: SetOptions = {}) {
  await using site = await openRoot()
  await change(await writeSet(site.root, ID, options))
  const [set] = await listSets(site.root)
  return {state: set?.state, reason: set?.reason}
}

test('an ID and its time can be converted', () => {
  expect(setId(new Date('2026-11-23T02:00:00.999Z'))).toBe(ID)
  expect(timeOf(ID)).toEqual(new Date('2026-11-23T02:00:00Z'))
})

test.each(['20260230T020000Z', '20261123T250000Z', '2026', `${ID}x`, `.${ID}`])(
  '%s is not a valid ID',
  name => {
    expect(timeOf(name)).toBeUndefined()
  },
)

test('a directory that does not exist contains no backups', async () => {
  expect(await listSets('/nowhere/at/all')).toEqual([])
})

test('a complete backup is described by its manifest', async () => {
  await using site = await openRoot()
  await writeSet(site.root, ID, {schemas: ['user', 'event'], label: 'before', pinned: true})
  const [set] = await listSets(site.root)
  expect(set).toMatchObject({id: ID, state: 'complete', pinned: true, schemas: ['user', 'event']})
  expect(set?.takenAt).toEqual(new Date('2026-11-23T02:00:00Z'))
  expect(set?.manifest?.label).toBe('before')
  expect(set?.bytes).toBeGreaterThan(1000)
})

test('the newest backup is the first one', async () => {
  await using site = await openRoot()
  const ids = ['20261121T020000Z', '20261123T020000Z', '20261122T020000Z']
  for (const id of ids) await writeSet(site.root, id)
  expect((await listSets(site.root)).map(({id}) => id)).toEqual(ids.sort().reverse())
})

test('directories with other names are ignored', async () => {
  await using site = await openRoot()
  const path = await writeSet(site.root, ID)
  for (const name of ['.20261122T020000Z.partial', '.20261122T020000Z.deleted', 'notes', '20261122', '.lock'])
    await mkdir(join(site.root, name))
  await writeFile(join(site.root, '20261122T020000Z'), 'a file')
  await symlink(path, join(site.root, '20261121T020000Z'))
  expect((await listSets(site.root)).map(({id}) => id)).toEqual([ID])
})

test('a backup without checksums is partial, with known schemas', async () => {
  await using site = await openRoot()
  await writeSet(site.root, ID, {schemas: ['user', 'odd_name', '%55ser'], partial: true})
  expect(await listSets(site.root)).toMatchObject([
    {
      state: 'partial',
      reason: 'SHA256SUMS is missing, so the backup was not completed',
      schemas: ['User', 'odd_name', 'user'],
      manifest: undefined,
    },
  ])
})

const DAMAGE: [what: string, change: (path: string) => Promise<unknown>, reason: string][] = [
  ['an archive that is missing', path => rm(join(path, USER)), `${USER} is missing`],
  ['a truncated archive', path => truncate(join(path, USER), 10), `${USER} has 10 bytes instead of `],
  ['an archive that is a link', replaceByLink, `${USER} is missing`],
  ['globals that are missing', path => rm(join(path, `globals_${ID}.sql.gz`)), 'globals_'],
  ['a manifest that is missing', path => rm(join(path, 'manifest.json')), 'manifest.json is missing'],
  [
    'a manifest that was changed',
    path => appendFile(join(path, 'manifest.json'), ' '),
    'the checksum of manifest.json does not match SHA256SUMS',
  ],
  ['empty checksums', path => truncate(join(path, 'SHA256SUMS')), 'SHA256SUMS is truncated'],
  ['truncated checksums', path => truncate(join(path, 'SHA256SUMS'), 100), 'SHA256SUMS is truncated'],
  ['odd checksums', path => appendFile(join(path, 'SHA256SUMS'), 'odd\n'), 'SHA256SUMS is malformed'],
]

async function replaceByLink(path: string): Promise<void> {
  await rename(join(path, USER), join(path, 'elsewhere'))
  await symlink('elsewhere', join(path, USER))
}

test.each(DAMAGE)('%s makes the backup damaged', async (_, change, reason) => {
  const {state, reason: said} = await setAfter(change)
  expect(state).toBe('damaged')
  expect(said?.startsWith(reason)).toBe(true)
})

type Change = NonNullable<SetOptions['manifest']>
const HOSTILE: [what: string, manifest: Change, reason: string][] = [
  ['with a path outside of its directory', withArchive({file: '../user'}), 'manifest.json is malformed'],
  ['with the name of the parent directory', withArchive({file: '..'}), 'manifest.json is malformed'],
  ['with an absurd size', withArchive({bytes: 1e300}), 'manifest.json is malformed'],
  ['with a negative size', withArchive({bytes: -1}), 'manifest.json is malformed'],
  ['with a huge size', withArchive({bytes: Number.MAX_SAFE_INTEGER}), 'instead of 9007199254740991'],
  ['with another checksum', withArchive({sha256: '0'.repeat(64)}), 'list different checksums for user_'],
  [
    'of another backup',
    manifest => ({...manifest, id: '20251123T020000Z'}),
    'belongs to backup 20251123T020000Z',
  ],
  ['of a later format', manifest => ({...manifest, format: 2}), 'manifest.json is malformed'],
  ['with a schema twice', manifest => twice(manifest), 'lists user twice'],
  ['without archives', manifest => ({...manifest, archives: []}), 'manifest.json is malformed'],
  ['that is not an object', () => ['x'], 'manifest.json is malformed'],
]

function withArchive(change: object): Change {
  return manifest => ({...manifest, archives: manifest.archives.map(one => ({...one, ...change}))})
}

function twice(manifest: Parameters<Change>[0]): unknown {
  return {...manifest, archives: [...manifest.archives, ...manifest.archives]}
}

test.each(HOSTILE)('a manifest %s makes the backup damaged', async (_, manifest, reason) => {
  const {state, reason: said} = await setAfter(async () => undefined, {manifest, schemas: ['user']})
  expect(state).toBe('damaged')
  expect(said).toContain(reason)
})

test('additional files in a backup have no effect', async () => {
  const {state} = await setAfter(async path => {
    await writeFile(join(path, 'notes.txt'), 'kept for the audit')
    await mkdir(join(path, 'more'))
  })
  expect(state).toBe('complete')
})

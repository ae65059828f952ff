import {readdir, readFile} from 'node:fs/promises'
import {delimiter, join, resolve} from 'node:path'
import {execa} from 'execa'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {rootOf, siteFor, SMALL} from '../helpers/backups.js'
import type {Site} from '../helpers/cli.js'
import {postgresPrograms} from '../helpers/postgres-programs.js'
import {majors, startPostgres, type TestServer} from '../helpers/postgres.js'
import {SHELLS, standIn} from '../helpers/shells.js'

const BACKUP_SH = resolve(import.meta.dirname, '../../infra/backup/backup.sh')

/** What a pg_dump does that exits with status 0 although its output is not complete. */
const LOSSES = {
  'writes nothing': {pgDump: ':', message: 'the file is empty'},
  'writes another text': {pgDump: 'echo ok', message: 'it was not written by pg_dump'},
  'loses its end': {pgDump: '"$real" "$@" --compress 0 | head -n -12', message: 'it is truncated'},
  'loses a row': {
    pgDump: `"$real" "$@" --compress 0 | sed '/^20\tname 20/d'`,
    message: 'contains 49 rows of table accounts, but the snapshot has 50',
  },
}

let server: TestServer
let site: Site
beforeAll(async () => {
  server = await startPostgres()
  await server.sql(SMALL)
  site = await siteFor(server)
})
afterAll(async () => {
  await site[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

/** Returns a PATH in which pg_dump is a script. */
function pathWith(script: string): Promise<string> {
  return standIn(server, join(site.directory, 'programs'), {real: join(server.bin, 'pg_dump'), script})
}

function runScript(
  shell: string,
  directory: string,
  path: string,
  to = server,
): Promise<{exitCode?: number; stderr: string}> {
  const [program = '', ...args] = shell.split(' ')
  // With a level, pg_dump compresses, and not igzip.
  return execa(program, [...args, BACKUP_SH, '--level', '1', '--dir', directory], {
    env: {...to.connection, PATH: path},
    reject: false,
  })
}

describe.each(Object.entries(LOSSES))('a pg_dump that %s', (_, {pgDump, message}) => {
  test('makes the backup fail', async () => {
    const env = {PATH: await pathWith(pgDump)}
    // The wrapper writes plain text.
    const run = await site.run(['db:backup', '--schema', 'user', '--compression', 'none', '--json'], {env})
    expect(JSON.parse(run.stdout)).toMatchObject({
      error: {code: 'backup-failed', exitCode: 5, message: expect.stringContaining(message)},
    })
    expect(await readdir(rootOf(site))).toEqual([])
  })

  test.each(SHELLS)('makes backup.sh fail in %s', async shell => {
    const directory = join(site.directory, 'by-hand')
    const packed = pgDump === ':' ? pgDump : `{ ${pgDump}; } | gzip`
    const {exitCode, stderr} = await runScript(shell, directory, await pathWith(packed))
    expect(exitCode, stderr).toBe(5)
    expect(stderr).toMatch(
      /error: the dump of \w+ (is not complete|contains \d+ rows, but the snapshot has 50)\n/,
    )
    expect(await readdir(directory)).toEqual([])
  })
})

test('a pg_dump that loses nothing makes a backup', async () => {
  const directory = join(site.directory, 'whole')
  for (const shell of SHELLS) {
    const path = await pathWith('{ "$real" "$@" --compress 0; } | gzip')
    expect(await runScript(shell, directory, path)).toMatchObject({exitCode: 0})
  }
  expect(await readdir(directory)).toHaveLength(SHELLS.length)
})

/** The versions before and after which pg_dump writes what an older server cannot read. */
const SERVERS = majors().filter((major, index, all) => index === 0 || index === all.length - 1)

describe.each(SERVERS)('with a server of version %i', major => {
  let other: TestServer
  beforeAll(async () => {
    other = await startPostgres({major})
    await other.sql(SMALL)
  })
  afterAll(() => other[Symbol.asyncDispose]())

  test.each(majors())('backup.sh and db:backup agree about the tools of version %i', async tools => {
    const path = [postgresPrograms().get(tools)!, process.env.PATH].join(delimiter)
    const directory = join(site.directory, `crossed-${major}-${tools}`)
    const {exitCode, stderr} = await runScript('sh', directory, path, other)
    await using here = await siteFor({url: other.url, env: {PATH: path}})
    const run = await here.run(['db:backup', '--json'])
    // An older pg_dump refuses the server; what a newer one writes cannot always be read.
    const works = tools >= major && (tools < 17 || major >= 17)
    expect({exitCode, cli: run.exitCode}, stderr).toEqual(
      works ? {exitCode: 0, cli: 0} : {exitCode: 3, cli: 3},
    )
    const [id] = works ? await readdir(directory) : []
    if (id === undefined) return
    const manifest = JSON.parse(await readFile(join(directory, id, 'manifest.json'), 'utf8')) as object
    expect(manifest).toMatchObject({tools: {pgDump: expect.stringMatching(new RegExp(`^${tools}\\.`))}})
  })
})

import {existsSync} from 'node:fs'
import {readFile, stat, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {setTimeout as sleep} from 'node:timers/promises'
import {afterAll, beforeAll, beforeEach, describe, expect, test} from 'vitest'
import {backup, detour, siteFor} from '../helpers/backups.js'
import type {Running, Site} from '../helpers/cli.js'
import {remains} from '../helpers/crash-site.js'
import {startPostgres, type TestServer} from '../helpers/postgres.js'
import {until} from '../helpers/waiting.js'

/** A table with 325 rows, of which the test deletes all but 10: the number of rows shows how a restore ended. */
const PHOTOS = `
  CREATE SCHEMA media;
  -- The archive is one block, which is more than the capacity of a pipe.
  CREATE TABLE media.photos AS SELECT n, (SELECT string_agg(sha256((n || '.' || i)::bytea), '') FROM generate_series(1, 20) i) AS bytes
    FROM generate_series(1, 325) n;`

let server: TestServer
let site: Site
beforeAll(async () => {
  server = await startPostgres()
  site = await siteFor(server)
  await server.sql(PHOTOS)
  const {path, id} = await backup(site, '--schema', 'media')
  const {size} = await stat(join(path, `media_${id}.sql.gz`))
  expect(size).toBeGreaterThan(225_000)
  expect(size).toBeLessThan(256 * 1024)
})
beforeEach(() => server.sql('DELETE FROM media.photos WHERE n > 10'))
afterAll(async () => {
  await site[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

async function startThrough(script: string): Promise<Running> {
  const env = await detour(site, server, {replay: script})
  return site.start('db:restore --schema media --yes --json', {env})
}

const rows = (): Promise<string> => server.sql('SELECT count(*) FROM media.photos')

describe('an interrupt while the last bytes are sent', () => {
  test('queries the outcome in a new session', async () => {
    // Everything arrives at the server, but the confirmation of the COMMIT is lost.
    const running = await startThrough(`
      /bin/sh "$@" | grep --line-buffered -v committed
      exec sleep 60`)
    await until(server, 'SELECT FROM media.photos HAVING count(*) > 10')
    await server.sql(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'aquastream db:restore'",
    )
    running.kill('SIGINT')
    const {exitCode, stdout, stderr} = await running.ended
    expect(exitCode, stdout + stderr).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({schemas: ['media'], rows: 325})
    expect(await remains(server)).toBe('')
  })

  test('prevents a slow server from restoring later', async () => {
    // As in a container, the started programs continue when the client has ended.
    const file = (name: string): string => join(site.directory, name)
    const running = await startThrough(`
      exec 3<&0
      (
        trap '' TERM
        touch '${file('began')}'
        until [ -e '${file('go')}' ]; do sleep 0.1; done
        /bin/sh "$@" <&3 >'${file('said')}'
        touch '${file('ended')}'
      ) &
      wait`)
    while (!existsSync(file('began'))) await sleep(20)
    running.kill('SIGINT')
    expect((await running.ended).exitCode).toBe(130)
    await writeFile(file('go'), '')
    while (!existsSync(file('ended'))) await sleep(50)
    // Nothing was sent before the server had locked the tables.
    expect(await readFile(file('said'), 'utf8')).toContain('aquastream locked')
    expect(await rows()).toBe('10')
  })
})

import {existsSync} from 'node:fs'
import {writeFile} from 'node:fs/promises'
import {join, resolve} from 'node:path'
import {gzipSync} from 'node:zlib'
import {execa} from 'execa'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {siteFor, SMALL} from '../helpers/backups.js'
import {errorOf, type Site} from '../helpers/cli.js'
import {startPostgres, type TestServer} from '../helpers/postgres.js'

const RESTORE = resolve(import.meta.dirname, '../../infra/backup/restore.sh')
const ROWS = `SELECT count(*), sum(id), string_agg(name, ',' ORDER BY id) FROM "user".accounts`

let server: TestServer
let site: Site
let plain: Buffer
let tar: Buffer
let custom: Buffer
let rows: string

beforeAll(async () => {
  server = await startPostgres()
  site = await siteFor(server)
  await server.sql(SMALL)
  const [text, ...others] = await Promise.all(['plain', 'tar', 'custom'].map(dump))
  plain = text!
  tar = others[0]!
  custom = others[1]!
  rows = await server.sql(ROWS)
})
afterAll(async () => {
  await site[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

async function dump(format: string): Promise<Buffer> {
  return pgDump('-n', '"user"', '-F', format)
}

async function pgDump(...options: string[]): Promise<Buffer> {
  const connection = ['-h', server.directory, '-p', String(server.port), '-U', 'aquastream']
  const {stdout} = await execa('pg_dump', [...connection, ...options, 'aquastream'], {
    env: server.env,
    encoding: 'buffer',
    stripFinalNewline: false,
  })
  return Buffer.from(stdout)
}

const crlf = (): string => plain.toString().replaceAll('\n', '\r\n')

describe.each([
  ['a byte order mark', () => `\ufeff${plain.toString()}`],
  ['the newlines of Windows', crlf],
  ['both', () => `\ufeff${crlf()}`],
  ['both, compressed', () => gzipSync(`\ufeff${crlf()}`)],
])('a dump with %s', (_, content) => {
  test('is restored with all rows', async () => {
    const path = await write(content())
    await server.sql('DELETE FROM "user".accounts WHERE id NOT IN (SELECT organiser FROM event.events)')
    const run = await site.run(['db:restore', '--schema', 'user', '--file', path, '--yes', '--json'])
    expect(run.exitCode, run.stdout).toBe(0)
    expect(await server.sql(ROWS)).toBe(rows)
    const byHand = await restoreByHand(path)
    expect(byHand.exitCode, byHand.stderr).toBe(0)
    expect(await server.sql(ROWS)).toBe(rows)
  })
})

/** A dump in a form that is refused: what is said, with which status, and a command of the hint. */
const refused: [
  form: string,
  () => Buffer | string | Promise<Buffer>,
  {exitCode: number; says: string; hint: string},
][] = [
  ['an empty file', () => '', {exitCode: 7, says: 'the file is empty', hint: 'choose another backup'}],
  [
    'UTF-16',
    () => Buffer.from(`\ufeff${plain.toString()}`, 'utf16le'),
    {exitCode: 7, says: 'UTF-16', hint: 'pg_dump --file'},
  ],
  ['tar', () => tar, {exitCode: 2, says: 'is not an SQL dump', hint: 'pg_restore --file'}],
  ['xz', () => pack('xz', '-c'), {exitCode: 2, says: 'is not an SQL dump', hint: 'xz -dc'}],
  ['bzip2', () => pack('bzip2', '-c'), {exitCode: 2, says: 'is not an SQL dump', hint: 'bzip2 -dc'}],
  ['zip', () => pack('zip', '-q', '-', '-'), {exitCode: 2, says: 'is not an SQL dump', hint: 'unzip -p'}],
  [
    'a custom archive of a newer pg_dump',
    () => Buffer.concat([custom.subarray(0, 6), Buffer.from([16]), custom.subarray(7)]),
    {exitCode: 3, says: 'was made by pg_dump 17 or newer', hint: 'version 17 or newer'},
  ],
]

test.each(refused)('%s is named before anything is saved', async (_, content, {exitCode, says, hint}) => {
  const path = await write(await content())
  const sets = site.directory + '/none'
  const run = await site.run([
    ...['db:restore', '--schema', 'user', '--file', path, '--yes', '--json', '--dir', sets],
  ])
  const error = errorOf(run)
  expect(error).toMatchObject({exitCode})
  expect(error.message).toContain(says)
  expect(error.hint).toContain(hint)
  expect(existsSync(sets)).toBe(false)
  const byHand = await restoreByHand(path)
  expect(byHand.exitCode, byHand.stderr).toBe(exitCode)
  expect(byHand.stderr).toContain(says)
  expect(byHand.stderr).toContain(hint)
  expect(await server.sql(ROWS)).toBe(rows)
})

test('the hint for a packed archive within gzip can be typed', async () => {
  const path = await write(gzipSync(tar))
  const run = await site.run(['db:restore', '--schema', 'user', '--file', path, '--yes', '--json'])
  const [, command] = /--file: (.*)$/.exec(errorOf(run).hint) ?? []
  await execa('sh', ['-c', command!], {cwd: site.directory, env: server.env})
  const converted = join(site.directory, 'dump.sql')
  const again = await site.run(['db:restore', '--schema', 'user', '--file', converted, '--yes', '--json'])
  expect(again.exitCode, again.stdout).toBe(0)
})

test('a dump in the directory format is named', async () => {
  const path = join(site.directory, 'directory')
  await pgDump('-F', 'd', '-f', path)
  const run = await site.run(['db:restore', '--schema', 'user', '--file', path, '--yes', '--json'])
  expect(errorOf(run)).toMatchObject({
    exitCode: 2,
    message: `${path} is not an SQL dump: its format is directory`,
  })
})

async function pack(program: string, ...args: string[]): Promise<Buffer> {
  const {stdout} = await execa(program, args, {input: plain, encoding: 'buffer', stripFinalNewline: false})
  return Buffer.from(stdout)
}

async function write(content: Buffer | string): Promise<string> {
  const path = join(site.directory, 'archive')
  await writeFile(path, content)
  return path
}

async function restoreByHand(path: string): Promise<{exitCode: number | undefined; stderr: string}> {
  const {exitCode, stderr} = await execa('dash', [RESTORE, 'user', path], {
    reject: false,
    extendEnv: false,
    stdin: 'ignore',
    env: {
      ...server.env,
      HOME: site.directory,
      ...server.connection,
    },
  })
  return {exitCode, stderr}
}

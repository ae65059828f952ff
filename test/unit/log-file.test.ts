import {closeSync, openSync, writeSync} from 'node:fs'
import {mkdir, mkdtemp, readdir, readFile, rename, rm, stat} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {expect, test} from 'vitest'
import {LogFile} from '../../src/engines/embedded/supervisor/log-file.js'

test('logs stay within their limit and lose the oldest', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'aquastream-test-'))
  const path = join(directory, 'user.log')
  const log = new LogFile(path, {isNew: true})
  const filler = '.'.repeat(1 << 20)
  for (let line = 0; line < 45; line++) log.write(`${line} ${filler}`)
  log.close()
  log.write('too late')
  const names = (await readdir(directory)).sort()
  const sizes = await Promise.all(names.map(async name => (await stat(join(directory, name))).size))
  const firsts = await Promise.all(
    names.map(async name => Number.parseInt(await readFile(join(directory, name), 'utf8'), 10)),
  )
  await rm(directory, {recursive: true})
  expect(names).toEqual(['user.log', 'user.log.1', 'user.log.2'])
  expect(Math.max(...sizes)).toBeLessThan(12 * 1024 ** 2)
  expect(firsts).toEqual([40, 30, 20])
})

test('a log that cannot be rotated closes no other file', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'aquastream-test-'))
  const service = join(directory, 'user')
  await mkdir(service)
  const log = new LogFile(join(service, 'user.log'), {isNew: true})
  log.write('.'.repeat(10 * 1024 ** 2))
  await rename(service, `${service}.moved`)
  log.write('cannot be written')
  // Would get the number of a descriptor that was closed.
  const other = openSync(join(directory, 'other'), 'w')
  log.write('nor can this')
  writeSync(other, 'kept')
  closeSync(other)
  await rename(`${service}.moved`, service)
  log.write('again')
  log.close()
  const [kept, text] = await Promise.all([
    readFile(join(directory, 'other'), 'utf8'),
    readFile(join(service, 'user.log'), 'utf8'),
  ])
  await rm(directory, {recursive: true})
  expect(kept).toBe('kept')
  expect(text).toBe('again\n')
})

test('a restart continues a log, and a new definition begins one', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'aquastream-test-'))
  const path = join(directory, 'user.log')
  for (const [line, isNew] of [
    ['of another definition', true],
    ['first', true],
    ['second', false],
  ] as const) {
    const log = new LogFile(path, {isNew})
    log.write(line)
    log.close()
  }
  const text = await readFile(path, 'utf8')
  await rm(directory, {recursive: true})
  expect(text).toBe('first\nsecond\n')
})

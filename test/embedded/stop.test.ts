import {access} from 'node:fs/promises'
import {join} from 'node:path'
import {expect, test} from 'vitest'
import {EmbeddedSite} from '../helpers/embedded.js'

test('after a stop nothing runs, and the data stays', async () => {
  await using site = await EmbeddedSite.open()
  await site.up()
  await site.sql('CREATE TABLE event.kept AS SELECT 42 AS answer')
  const run = await site.run('env:down')
  expect(run.stdout).toBe(
    `${site.env.AQUASTREAM_PROJECT} is down. Its data is kept; aquastream env:up starts it again.`,
  )
  expect(await site.remains(0)).toEqual([])
  await site.up('postgres')
  expect(await site.sql('SELECT answer FROM event.kept')).toBe('42')
})

test('a stop with --volumes names the data and deletes it', async () => {
  await using site = await EmbeddedSite.open()
  await site.up('postgres')
  const refused = await site.run('env:down --volumes')
  expect(refused.exitCode).toBe(9)
  expect(refused.stderr).toContain(join(site.home, 'postgres'))
  await access(join(site.home, 'postgres'))
  const run = await site.run('env:down --volumes --yes')
  expect(run.stdout).toContain(`Its data is deleted: ${join(site.home, 'postgres')}.`)
  await expect(access(site.home)).rejects.toThrow('ENOENT')
  expect(await site.remains(0)).toEqual([])
})

test('data of a stack that is down is deleted too', async () => {
  await using site = await EmbeddedSite.open()
  await site.up('postgres')
  await site.run('env:down')
  expect((await site.run('env:down --volumes --yes')).stdout).toContain('Its data is deleted')
})

test('a stop of what does not run says so', async () => {
  await using site = await EmbeddedSite.open()
  const {exitCode, stdout} = await site.run('env:down')
  expect({exitCode, stdout}).toEqual({
    exitCode: 0,
    stdout: `${site.env.AQUASTREAM_PROJECT} was not running; nothing changed.`,
  })
})

test('a supervisor whose home is deleted ends everything', async () => {
  await using site = await EmbeddedSite.open()
  await site.up('gateway')
  const {rm} = await import('node:fs/promises')
  await rm(site.home, {recursive: true})
  expect(await site.remains()).toEqual([])
})

import {existsSync} from 'node:fs'
import {join} from 'node:path'
import {execa} from 'execa'
import {expect, test} from 'vitest'
import {majors, startPostgres} from '../helpers/postgres.js'

test.each(majors())('PostgreSQL %i starts, accepts the password and leaves nothing', async major => {
  const server = await startPostgres({major, settings: {work_mem: '5MB'}})
  const version = await execa('psql', ['-XAtq', server.url, '-c', 'SHOW server_version; SHOW work_mem'], {
    env: server.env,
  })
  const {pid} = server
  await server[Symbol.asyncDispose]()
  expect(version.stdout).toMatch(new RegExp(`^${major}\\.\\d+.*\\n5MB$`))
  expect(existsSync(server.directory)).toBe(false)
  expect(() => process.kill(pid, 0)).toThrow()
})

test('a wrong password is rejected by the test server', async () => {
  await using server = await startPostgres()
  const url = server.url.replace(server.password, 'wrong')
  const {exitCode, stderr} = await execa(join(server.bin, 'psql'), [url, '-c', ''], {reject: false})
  expect(exitCode).toBe(2)
  expect(stderr).toContain('password authentication failed')
})

test('committed rows survive when the test server is killed', async () => {
  await using server = await startPostgres()
  await server.sql('CREATE TABLE kept AS SELECT 1 AS it')
  await server.restart('kill')
  expect(await server.sql('SELECT it FROM kept')).toBe('1')
})

test('psql stops at the first error of a script', async () => {
  await using server = await startPostgres()
  await expect(server.sql('SELECT 1/0; CREATE TABLE after_error ()')).rejects.toThrow('division by zero')
  expect(await server.sql("SELECT to_regclass('after_error') IS NULL")).toBe('t')
})

import {expect, test} from 'vitest'
import {errorOf} from '../helpers/cli.js'
import {inShell, NO_DOCKER, siteWithoutDocker} from './site.js'

test('a reader who leaves early sees no stack trace', async () => {
  await using site = await siteWithoutDocker()
  const running = site.start('env:up --help')
  running.stdout.destroy()
  expect(await running.ended).toMatchObject({exitCode: 0, stderr: ''})
})

test('a failure without a reader keeps its exit status', async () => {
  await using site = await siteWithoutDocker()
  const running = site.start('logs usr --json')
  running.stdout.destroy()
  expect(await running.ended).toMatchObject({exitCode: 10, stderr: ''})
})

test.each(['env:up --help', '--version'])('%s works with stdout closed', async words => {
  await using site = await siteWithoutDocker()
  expect(await inShell(site, `aquastream ${words} >&-`)).toEqual({exitCode: 0, stdout: '', stderr: ''})
})

test('a failure with stderr closed keeps its exit status', async () => {
  await using site = await siteWithoutDocker()
  const run = await inShell(site, 'aquastream env:up --engine compose --json 2>&-')
  expect(run.exitCode).toBe(3)
  expect(errorOf(run)).toEqual(NO_DOCKER)
})

test.each(['env:up --engine compose --profile dev', 'env:up --engine compose --profile dev --json'])(
  '%s survives a reader who leaves stderr',
  async words => {
    await using site = await siteWithoutDocker()
    const running = site.start(words)
    running.stderr.destroy()
    expect((await running.ended).exitCode).toBe(3)
  },
)

test.skipIf(process.platform !== 'linux')('a full disk under stdout is said in words', async () => {
  await using site = await siteWithoutDocker()
  const run = await inShell(site, 'aquastream logs usr --json >/dev/full')
  expect(run).toEqual({
    exitCode: 3,
    stdout: '',
    stderr:
      'error: cannot write to stdout: ENOSPC: no space left on device, write\nhint: check the file or disk that stdout is redirected to',
  })
})

test('each sentence is one line where nobody reads along', async () => {
  await using site = await siteWithoutDocker()
  const {stderr} = await site.run('env:up --profile stage')
  const sentences = stderr.split('\n').filter(line => !/^ *(check|error|hint|-)\b|^ {2}- /.test(line))
  expect(sentences, 'no line goes on in the next').toEqual([])
})

test('under --json stdout holds one object and nothing else', async () => {
  await using site = await siteWithoutDocker()
  const run = await site.run('env:up --engine compose --profile dev --json')
  expect(Object.keys(JSON.parse(run.stdout) as object)).toEqual(['error'])
  expect(run.stderr, 'progress is no part of it').toBe('check: engine, settings, ports, disk')
})

import {expect, test} from 'vitest'
import {errorOf} from '../helpers/cli.js'
import {inShell, NO_DOCKER, siteWithoutDocker} from './site.js'

test('a closed stdout does not cause a stack trace', async () => {
  await using site = await siteWithoutDocker()
  const running = site.start('env:up --help')
  running.stdout.destroy()
  expect(await running.ended).toMatchObject({exitCode: 0, stderr: ''})
})

test('an error with closed stdout keeps its exit status', async () => {
  await using site = await siteWithoutDocker()
  const running = site.start('logs usr --json')
  running.stdout.destroy()
  expect(await running.ended).toMatchObject({exitCode: 10, stderr: ''})
})

test.each(['env:up --help', '--version'])('%s works with stdout closed', async words => {
  await using site = await siteWithoutDocker()
  expect(await inShell(site, `aquastream ${words} >&-`)).toEqual({exitCode: 0, stdout: '', stderr: ''})
})

test('an error with closed stderr keeps its exit status', async () => {
  await using site = await siteWithoutDocker()
  const run = await inShell(site, 'aquastream env:up --engine compose --json 2>&-')
  expect(run.exitCode).toBe(3)
  expect(errorOf(run)).toEqual(NO_DOCKER)
})

test.each(['env:up --engine compose --profile dev', 'env:up --engine compose --profile dev --json'])(
  '%s continues when its stderr is closed',
  async words => {
    await using site = await siteWithoutDocker()
    const running = site.start(words)
    running.stderr.destroy()
    expect((await running.ended).exitCode).toBe(3)
  },
)

test.skipIf(process.platform !== 'linux')('a full disk behind stdout is reported as an error', async () => {
  await using site = await siteWithoutDocker()
  const run = await inShell(site, 'aquastream logs usr --json >/dev/full')
  expect(run).toEqual({
    exitCode: 3,
    stdout: '',
    stderr:
      'error: cannot write to stdout: ENOSPC: no space left on device, write\nhint: check the file or disk that stdout is redirected to',
  })
})

test('without a terminal, each sentence is one line', async () => {
  await using site = await siteWithoutDocker()
  const {stderr} = await site.run('env:up --profile stage')
  const sentences = stderr.split('\n').filter(line => !/^ *(check|error|hint|-)\b|^ {2}- /.test(line))
  expect(sentences, 'no sentence continues on the next line').toEqual([])
})

test('with --json, stdout contains a single object', async () => {
  await using site = await siteWithoutDocker()
  const run = await site.run('env:up --engine compose --profile dev --json')
  expect(Object.keys(JSON.parse(run.stdout) as object)).toEqual(['error'])
  expect(run.stderr, 'progress is not part of the result').toBe('check: engine, settings, ports, disk')
})

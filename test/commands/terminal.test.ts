import {readFile} from 'node:fs/promises'
import {join} from 'node:path'
import {stripVTControlCharacters} from 'node:util'
import {describe, expect, test} from 'vitest'
import {siteWithoutDocker} from './site.js'

/** The programs `script` and `stty` are in PATH, for the terminal. Docker Engine is unreachable, even if it exists. */
const siteWithTerminal = (env: NodeJS.ProcessEnv = {}) =>
  siteWithoutDocker({PATH: process.env.PATH, DOCKER_HOST: 'unix:///nonexistent/none.sock', ...env})

test.each(['env:up --profile stage', 'env:up --profile produ', 'logs usr', 'env:status'])(
  '%s fits a terminal of 40 columns',
  async words => {
    await using site = await siteWithTerminal()
    const lines = linesOf((await site.runInTerminal(words, 40)).stdout)
    expect(lines.length).toBeGreaterThan(1)
    expect(lines.filter(line => line.length > 40)).toEqual([])
  },
)

test('long words are wrapped, and no character is lost', async () => {
  await using site = await siteWithTerminal()
  const {exitCode, stdout} = await site.runInTerminal(
    'logs an-endless-name-that-no-service-of-ours-ever-had',
    40,
  )
  expect(exitCode).toBe(10)
  const lines = linesOf(stdout)
  expect(Math.max(...lines.map(line => line.length))).toBe(40)
  expect(lines.join('')).toContain('an-endless-name-that-no-service-of-ours-ever-had')
})

test('an error in a terminal is colored', async () => {
  await using site = await siteWithTerminal({NO_COLOR: undefined})
  const {stdout} = await site.runInTerminal('logs usr', 80)
  expect(stdout).toContain('\u001b[31merror:')
})

test.each(['logs usr', 'evn:up </dev/null'])('with NO_COLOR, %s prints no colors', async words => {
  await using site = await siteWithTerminal({NO_COLOR: '1'})
  const {stdout} = await site.runInTerminal(words, 80)
  expect(stdout).toBe(stripVTControlCharacters(stdout))
})

test('a terminal in CI gets progress as plain lines', async () => {
  await using site = await siteWithTerminal({CI: '1'})
  const {stdout} = await site.runInTerminal('env:up --engine compose --profile dev', 80)
  expect(linesOf(stdout)[0]).toBe('check: engine, settings, ports, disk')
})

describe('a terminal in which nothing can be updated in place', () => {
  const KINDS: [kind: string, columns: number, env: NodeJS.ProcessEnv][] = [
    ['that reports 0 columns', 0, {}],
    ['that is dumb', 80, {TERM: 'dumb'}],
  ]

  test.each(KINDS)('%s gets progress as plain lines', async (_, columns, env) => {
    await using site = await siteWithTerminal(env)
    const {stdout} = await site.runInTerminal('env:up --engine compose --profile dev', columns)
    expect(stdout).toBe(stripVTControlCharacters(stdout))
    expect(linesOf(stdout)[0]).toBe('check: engine, settings, ports, disk')
  })

  test.each(KINDS)('%s gets each report of --watch below the previous one', async (_, columns, env) => {
    await using site = await siteWithTerminal(env)
    const watch = 'env:status --profile dev --watch'
    const {exitCode, stdout} = await site.runInTerminal(watch, columns, [['SERVICE', '\u0003']])
    expect(exitCode).toBe(130)
    expect(stdout).toBe(stripVTControlCharacters(stdout))
  })
})

test('a notice in a terminal appears before the next task', async () => {
  await using site = await siteWithTerminal()
  await site.write('dev.env', 'USER_PORT=none')
  const {stdout} = await site.runInTerminal('env:up --profile dev --env-file dev.env', 80)
  const [first, second] = linesOf(stdout)
  expect(first).toBe('note: Docker is not available (cannot connect to Docker Engine at')
  expect(second).toBe('/nonexistent/none.sock). Using the embedded engine, which keeps its own data.')
})

test('progress in a terminal is not mixed into redirected JSON', async () => {
  await using site = await siteWithTerminal()
  const {stdout} = await site.runInTerminal('env:up --engine compose --profile dev --json >up.json', 80)
  expect(stdout).toContain('check engine, settings, ports, disk')
  const result = await readFile(join(site.directory, 'up.json'), 'utf8')
  expect(JSON.parse(result)).toMatchObject({error: {code: 'engine-missing'}})
})

function linesOf(screen: string): string[] {
  return stripVTControlCharacters(screen)
    .split(/\r?\n/)
    .filter(line => line !== '')
}

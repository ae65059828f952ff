import {once} from 'node:events'
import {createInterface} from 'node:readline'
import {afterAll, beforeAll, expect, test} from 'vitest'
import type {LogLine} from '../../src/engines/engine.js'
import {EmbeddedSite} from '../helpers/embedded.js'

let site: EmbeddedSite
beforeAll(async () => {
  site = await EmbeddedSite.open()
  await site.up('user')
})
afterAll(async () => site[Symbol.asyncDispose]())

const lines = async (words: string): Promise<LogLine[]> =>
  (await site.run(`logs --json ${words}`)).stdout
    .split('\n')
    .filter(Boolean)
    .map(line => JSON.parse(line) as LogLine)

test('lines of all services are in chronological order', async () => {
  const all = await lines('')
  expect(new Set(all.map(({service}) => service))).toEqual(new Set(['postgres', 'user']))
  const times = all.map(({time}) => time)
  expect(times).toEqual([...times].sort())
  expect(times.every(time => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/.test(time))).toBe(true)
})

test('the last lines of one service, and those since a time', async () => {
  const all = await lines('postgres')
  expect(await lines('postgres --tail 2')).toEqual(all.slice(-2))
  expect(await lines('postgres --tail 0')).toEqual([])
  expect(await lines(`postgres --since ${new Date(Date.now() + 60_000).toISOString()}`)).toEqual([])
  expect((await lines('postgres --since 1h')).length).toBe(all.length)
})

test('a service without log lines is named in a note', async () => {
  const note = 'note: there are no log lines of gateway, redis'
  expect(await site.run('logs gateway redis')).toEqual({exitCode: 0, stdout: '', stderr: note})
  expect((await site.run('logs gateway redis --since 10m')).stderr).toBe(`${note} since 10m`)
  for (const words of ['logs gateway --json', 'logs user --tail 0'])
    expect((await site.run(words)).stderr).toBe('')
})

test('the logs of a stopped stack can be read', async () => {
  await using ended = await EmbeddedSite.open()
  await ended.up('postgres')
  await ended.run('env:down')
  const run = await ended.run('logs postgres')
  expect(run.exitCode, run.stderr).toBe(0)
  expect(run.stdout).toContain('database system is shut down')
  const followed = await ended.run('logs postgres --follow')
  expect(followed.exitCode).toBe(4)
  expect(followed.stdout).toBe(run.stdout)
})

test('control characters are written to files, not to terminals', async () => {
  const text = 'p1\rp2\rLAST \u001b]0;title\u0007 \u2028 end'
  const running = site.start('logs postgres --follow --json')
  const followed = new Promise<string>(resolve => {
    let all = ''
    running.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      all += chunk
      if (all.includes(' end"}')) resolve(all)
    })
  })
  await once(running.stdout, 'data')
  await site.sql(`DO $$ BEGIN RAISE LOG '${text}'; END $$`)
  expect(await followed).toContain(JSON.stringify(text).slice(1, -1))
  running.kill('SIGINT')
  await running.ended
  expect((await lines('postgres')).filter(line => line.text.endsWith(`LOG:  ${text}`))).toHaveLength(1)
  expect((await site.run('logs postgres')).stdout).toContain(text)
  const {stdout} = await site.runInTerminal('logs postgres', 200)
  expect(stdout).toContain(String.raw`p1\rp2\rLAST \x1b]0;title\x07`)
  expect(stdout).not.toContain('\u001b]0;')
})

test('a follower that was suspended shows every line once', async () => {
  const running = site.start('logs postgres --follow --tail 1 --json')
  const shown: number[] = []
  const reader = createInterface({input: running.stdout})
  const all = new Promise<void>(resolve => {
    reader.on('line', text => {
      const number = / suspended (\d+) /.exec((JSON.parse(text) as LogLine).text)?.[1]
      if (number !== undefined) shown.push(Number(number))
      if (shown.at(-1) === COUNT) resolve()
    })
  })
  await once(reader, 'line')
  running.kill('SIGSTOP')
  // More than the supervisor keeps for a follower, and less than rotation deletes.
  await site.sql(
    `DO $$ BEGIN FOR n IN 1..${COUNT} LOOP RAISE LOG 'suspended % %', n, repeat('.', 1000); END LOOP; END $$`,
  )
  running.kill('SIGCONT')
  await all
  running.kill('SIGINT')
  await running.ended
  expect(shown).toEqual(Array.from({length: COUNT}, (_, index) => index + 1))
})

const COUNT = 12_000

test('logs --follow ends when the stack is stopped', async () => {
  const running = site.start('logs user --follow --json')
  const reader = createInterface({input: running.stdout})
  await once(reader, 'line')
  const asked = new Promise<LogLine>(resolve => {
    reader.on('line', text => {
      const line = JSON.parse(text) as LogLine
      if (line.text.includes('/nowhere')) resolve(line)
    })
  })
  await fetch(`http://127.0.0.1:${site.env.USER_PORT}/nowhere`)
  expect((await asked).service).toBe('user')
  await site.run('env:down')
  expect((await running.ended).exitCode).toBe(0)
})

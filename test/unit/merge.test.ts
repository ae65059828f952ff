import {expect, test} from 'vitest'
import {mergeByTime} from '../../src/engines/merge.js'
import type {LogLine} from '../../src/engines/engine.js'

/** Lines of a service, each `SECONDS TEXT`. */
async function* source(service: string, ...lines: string[]): AsyncGenerator<LogLine[]> {
  for (const line of lines) {
    const [seconds, text] = [line.slice(0, 4), line.slice(5)]
    yield [{service, time: `2026-11-28T13:16:0${seconds}00000000Z`, text}]
  }
}

async function merged(...sources: AsyncGenerator<LogLine[]>[]): Promise<string[]> {
  const lines: string[] = []
  for await (const {service, text} of mergeByTime(sources)) lines.push(`${service} ${text}`)
  return lines
}

test('the lines of a record stay together between other services', async () => {
  const trace = [
    '1.10 2026-11-28T13:16:01Z ERROR failed',
    '1.20 E: a',
    '1.30 \tat b',
    '1.40 Caused by: c',
    '1.90 2026-11-28T13:16:01Z INFO on',
  ]
  expect(
    await merged(source('user', ...trace), source('redis', '1.05 one', '1.25 two', '1.95 three')),
  ).toEqual([
    'redis one',
    'user 2026-11-28T13:16:01Z ERROR failed',
    'user E: a',
    'user \tat b',
    'user Caused by: c',
    'redis two',
    'user 2026-11-28T13:16:01Z INFO on',
    'redis three',
  ])
})

test('a line long after the record does not belong to it', async () => {
  expect(
    await merged(source('user', '1.00 head', '4.00   indented'), source('redis', '2.00 between')),
  ).toEqual(['user head', 'redis between', 'user   indented'])
})

test('records in JSON are single lines', async () => {
  const lines = ['1.00 2026-11-28T13:16:01Z INFO text', '1.20 {"message":"a"}']
  expect(await merged(source('user', ...lines), source('redis', '1.10 between'))).toEqual([
    'user 2026-11-28T13:16:01Z INFO text',
    'redis between',
    'user {"message":"a"}',
  ])
})

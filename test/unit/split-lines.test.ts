import {Readable} from 'node:stream'
import {expect, test} from 'vitest'
import {splitLines} from '../../src/system/text/split-lines.js'

test.each([
  ['nothing', [], []],
  ['a last line without a newline', ['a\nb'], ['a', 'b']],
  ['empty lines', ['\n\na\n'], ['', '', 'a']],
  ['lines in pieces', ['a', 'b', 'c\nd', 'e\n'], ['abc', 'de']],
  ['a carriage return', ['a\rb\r\n'], ['a\rb\r']],
  ['the line separators of Unicode', ['a\u2028b\u2029c\n'], ['a\u2028b\u2029c']],
])('%s', async (_, chunks, lines) => {
  expect(await all(chunks.map(chunk => Buffer.from(chunk)))).toEqual(lines)
})

test('a character in two chunks is one character', async () => {
  const bytes = Buffer.from('é\n')
  expect(await all([bytes.subarray(0, 1), bytes.subarray(1)])).toEqual(['é'])
})

async function all(chunks: Buffer[]): Promise<string[]> {
  const lines: string[] = []
  for await (const line of splitLines(Readable.from(chunks, {objectMode: false}))) lines.push(line)
  return lines
}

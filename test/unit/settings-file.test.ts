import {mkdtemp, rm, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {parse} from 'dotenv'
import fc from 'fast-check'
import {expect, test} from 'vitest'
import {parseEnv} from '../../src/config/env-file.js'
import {quote} from '../../src/config/settings-file.js'
import {pasted, readWithSh} from '../helpers/env-readers.js'

test('dotenv and sh read back every quoted value unchanged', async () => {
  await using directory = await temporary()
  const path = join(directory.path, 'file')
  await fc.assert(
    fc.asyncProperty(fc.array(pasted, {minLength: 50, maxLength: 50}), async candidates => {
      const values = candidates.filter(value => quote(value) !== undefined)
      const expected = Object.fromEntries(values.map((value, index) => [`V${index}`, value]))
      const text = values.map((value, index) => `V${index}=${quote(value)}\n`).join('')
      await writeFile(path, text)
      expect(parse(text)).toEqual(expected)
      expect(parseEnv(text, path)).toEqual(expected)
      expect(await readWithSh(path, Object.keys(expected))).toEqual(expected)
    }),
    {numRuns: 40},
  )
}, 60_000)

test.each([
  ['letters, digits and harmless signs', 'Az09_-.:/+=@,%', 'Az09_-.:/+=@,%'],
  ['a space', 'our bot', "'our bot'"],
  ['a dollar', 'a$b', "'a$b'"],
  ['a double quote', 'a"b', `'a"b'`],
  ['a single quote', "it's", `"it's"`],
])('%s is written as %j', (_, value, written) => {
  expect(quote(value)).toBe(written)
})

test.each([
  ['a single quote next to a dollar', "a'$b"],
  ['both quotes', `a'b"`],
  ['a backslash at the end', 'a b\\'],
  ['a newline', 'a\nb'],
  ['an escape character', 'a\u001b[2J'],
  ['an empty text', ''],
])('%s cannot be written', (_, value) => {
  expect(quote(value)).toBeUndefined()
})

async function temporary(): Promise<AsyncDisposable & {path: string}> {
  const path = await mkdtemp(join(tmpdir(), 'aquastream-test-'))
  return {path, [Symbol.asyncDispose]: () => rm(path, {recursive: true})}
}

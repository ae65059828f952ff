import {mkdtemp, rm, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {expect, test} from 'vitest'
import {readEnvFile} from '../../src/config/env-file.js'

test.each([
  ['an empty file', {text: '', values: {}}],
  ['a file without a final newline', {text: 'A=1', values: {A: '1'}}],
  ['line endings of Windows', {text: 'A=1\r\nB="2"\r\n', values: {A: '1', B: '2'}}],
  ['a byte order mark', {text: '\ufeffA=1\n', values: {A: '1'}}],
  ['comments and blank lines', {text: '# A=1\n\n  \t\n  # B=2\nC=3 # is three\n', values: {C: '3'}}],
  ['the word export', {text: 'export A=1\n  export\tB=2\n', values: {A: '1', B: '2'}}],
  ['a variable called export', {text: 'export=1\n', values: {export: '1'}}],
  ['spaces around name and value', {text: '  A = 1 \n', values: {A: '1'}}],
  ['a value with equals signs', {text: 'A=b=c==\n', values: {A: 'b=c=='}}],
  ['no value', {text: 'A=\nB=""\nC=2\n', values: {A: '', B: '', C: '2'}}],
  ['a dollar and # in single quotes', {text: "A='a$b#c d' # why\n", values: {A: 'a$b#c d'}}],
  ['a quote inside the other', {text: `A='a"b'\nB="a'b"\n`, values: {A: 'a"b', B: "a'b"}}],
  ['quotes in the middle', {text: `A=it's\nB=a"b\n`, values: {A: "it's", B: 'a"b'}}],
  ['the last of two values', {text: 'A=1\nA=2\n', values: {A: '2'}}],
  ['letters of every alphabet', {text: 'A=пароль✓\n', values: {A: 'пароль✓'}}],
])('%s can be read', async (_, {text, values}) => {
  await using file = await envFile(text)
  expect(await readEnvFile(file.path)).toEqual(values)
})

test.each([
  ['a line without an equals sign', {text: 'A=1\r\nB\r\n', line: 2}],
  ['a colon instead of an equals sign', {text: 'A: 1\n', line: 1}],
  ['a value without a name', {text: '=1\n', line: 1}],
  ['a name with a dash', {text: 'A-B=1\n', line: 1}],
  ['a name that begins with a digit', {text: '1A=1\n', line: 1}],
  ['a single quote that is not closed', {text: "A=1\n\nB='x\nC=1\n", line: 3}],
  ['a double quote that is not closed', {text: 'A="x\\"\n', line: 1}],
  ['a value over two lines', {text: 'A="x\ny"\n', line: 1}],
  ['text after a closing quote', {text: "A='x'y\n", line: 1}],
  ['a marker of a merge conflict', {text: 'A=1\n<<<<<<< HEAD\n', line: 2}],
])('%s is rejected with the line number', async (_, {text, line}) => {
  await using file = await envFile(text)
  await expect(readEnvFile(file.path)).rejects.toMatchObject({
    code: 'settings-invalid',
    message: `line ${line} of ${file.path} is not a valid NAME=value assignment`,
  })
})

test('a file in UTF-16 is rejected', async () => {
  await using file = await envFile(Buffer.from('\ufeffA=1\n', 'utf16le'))
  await expect(readEnvFile(file.path)).rejects.toMatchObject({
    message: `${file.path} is not valid UTF-8 text`,
  })
})

test('a file that does not exist is not an error', async () => {
  await using file = await envFile('')
  expect(await readEnvFile(`${file.path}.none`)).toBeUndefined()
})

test.each([
  ['a # inside', 'A=x#y\n'],
  ['a $ outside of single quotes', 'A=x$y\n'],
  ['a $ in double quotes', 'A="x$y"\n'],
  ['a backslash in double quotes', 'A="x\\ny"\n'],
  ['a backtick', 'A=`x\nB=y`\n'],
])('%s, which Compose would read differently, is rejected', async (_, text) => {
  await using file = await envFile(text)
  await expect(readEnvFile(file.path)).rejects.toMatchObject({code: 'settings-invalid'})
})

async function envFile(content: string | Buffer): Promise<AsyncDisposable & {path: string}> {
  const directory = await mkdtemp(join(tmpdir(), 'aquastream-test-'))
  const path = join(directory, '.env')
  await writeFile(path, content)
  return {path, [Symbol.asyncDispose]: () => rm(directory, {recursive: true})}
}

import {afterEach, expect, test, vi} from 'vitest'
import {wrap} from '../../src/cli/terminal/wrap.js'
import {asTypable} from '../../src/cli/typable.js'

afterEach(() => vi.unstubAllEnvs())

test('a command of npx is wrapped with its first word', () => {
  vi.stubEnv('npm_command', 'exec')
  const terminal = Object.assign(Object.create(process.stderr) as NodeJS.WriteStream, {
    isTTY: true,
    columns: 40,
  })
  const text = wrap('The data is kept; aquastream env:up starts it again.', 0, terminal)
  expect(text).toBe('The data is kept; npx aquastream env:up\nstarts it again.')
  expect(asTypable(text)).toBe(text)
})

test.each(['/srv/my aquastream logs/dev', 'aquastream is here', 'npx aquastream logs'])(
  '%s stays as it is',
  text => {
    vi.stubEnv('npm_command', 'exec')
    expect(asTypable(text)).toBe(text)
  },
)

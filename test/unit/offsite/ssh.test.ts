import {expect, test} from 'vitest'
import {parseSftp, quotePath} from '../../../src/offsite/restic/ssh.js'

test.each([
  ['sftp:user@host:/a', {user: 'user', host: 'host', port: ''}],
  ['sftp:host:a@b:c', {user: undefined, host: 'host', port: ''}],
  ['sftp:[::1]:a', {user: undefined, host: '::1', port: ''}],
  ['sftp://user@host:22//a', {user: 'user', host: 'host', port: '22'}],
  ['sftp://user@[fe80::1]//a', {user: 'user', host: 'fe80::1', port: undefined}],
])('the server of %s is found', (repository, login) => {
  expect({port: undefined, ...parseSftp(repository)}).toMatchObject({
    ...login,
    port: login.port || expect.toSatisfy(port => !port),
  })
})

test.each([
  'sftp:host',
  'sftp:-oProxyCommand=x:/a',
  'sftp:-oProxyCommand=x@host:/a',
  'sftp://user@host',
  `sftp:us'er@host:/a`,
  'sftp:us er@host:/a',
  'sftp:user@ho st:/a',
  'rest:https://host/',
])('the repository %s has no valid server', repository => {
  expect(parseSftp(repository)).toBeUndefined()
})

test('ssh gets paths with spaces and percent signs unchanged', () => {
  expect(quotePath('/srv/100 % safe/key', 'OFFSITE_SSH_KEY_FILE')).toBe('"/srv/100 %% safe/key"')
})

test.each([`/srv/it's`, '/srv/"a"', String.raw`/srv/a\b`, '/srv/${HOME}'])(
  'the path %s cannot be passed to ssh',
  path => {
    expect(() => quotePath(path, 'OFFSITE_SSH_KEY_FILE')).toThrow('OFFSITE_SSH_KEY_FILE has a quote')
  },
)

import {expect, test} from 'vitest'
import {SETTINGS} from '../../../src/config/settings.js'
import {hideSecrets, withoutSecrets} from '../../../src/offsite/restic/secrets.js'

const schema = SETTINGS.find(({name}) => name === 'OFFSITE_REPOSITORY')!.schema

test.each([
  'rest:http://user:secretpw%zz@host/',
  'rest:http://user:secret pw@host/',
  'rest:http://user:secret"pw@host/',
  'rest:http://user:secret/pw@host/',
  'rest:http://user:12/secret@host/',
  'rest:http://user:se@cret@host/',
  'rest:http://host:port/',
  's3:https://user:secretpw%zz@host/bucket',
  's3:https://user:secret pw@host/bucket',
])('an address that restic would print is refused: %s', repository => {
  const {success, error} = schema.safeParse(repository)
  expect(success).toBe(false)
  expect(error!.message).not.toContain('secret')
})

test.each([
  'rest:https://aquastream-prod:password@copies.example.com:8000/aquastream-prod/',
  'rest:http://user:se%40cret!$@[::1]:8000/',
  's3:https://s3.example.com/aquastream-prod',
  's3:http://127.0.0.1:9000/off site/part',
  's3:s3.amazonaws.com/bucket',
  's3://host/bucket',
  'sftp:user@host:/a path',
  'rclone:remote:bucket',
  '~/offsite',
])('a valid address of a repository is accepted: %s', repository => {
  expect(schema.safeParse(repository).success).toBe(true)
})

test.each([
  ['rest:https://user:secret@host/a/', 'rest:https://host/a/'],
  ['s3:https://key:secret@host/bucket', 's3:https://host/bucket'],
  ['s3://key:secret@host/bucket', 's3://host/bucket'],
  ['sftp:user@host:/a@b', 'sftp:user@host:/a@b'],
  ['sftp://user:secret@host:22//a', 'sftp://user@host:22//a'],
  ['rclone:remote:a,b', 'rclone:remote:a,b'],
  ['rclone:remote,pass=secret:a', 'rclone:remote:a'],
  ['rclone::sftp,host="a:secret",pass=secret:a/b', 'rclone::sftp:a/b'],
  ['/srv/off@site', '/srv/off@site'],
])('the name of %s has no secret', (repository, name) => {
  expect(withoutSecrets(repository)).toBe(name)
})

test.each([
  [
    'rest:http://user:p%21w+secret@host/',
    'parse "http://user:p%21w+secret@host/": bad',
    'parse "http://host/": bad',
  ],
  ['rest:http://user:p%21w+secret@host/', 'login user:p!w+secret failed', 'login *** failed'],
  [
    'rest:http://user:p!w+secret@host/',
    'Get "http://user:p%21w+secret@host/config"',
    'Get "http://user:***@host/config"',
  ],
  ['rclone::sftp,pass=secret:a', 'cannot open ":sftp,pass=secret:b"', 'cannot open ":sftp,***:b"'],
  ['/srv/offsite', 'canary-password, canary-"key\\, canary-\\"key\\\\', '***, ***, ***'],
])('the output for %s has no secret', (repository, text, shown) => {
  const s3 = {accessKey: 'access', secretKey: String.raw`canary-"key\ `.trim(), region: undefined}
  const settings = {repository, name: withoutSecrets(repository), password: 'canary-password', s3}
  expect(hideSecrets(text, settings)).toBe(shown)
})

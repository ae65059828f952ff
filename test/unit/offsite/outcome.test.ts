import {expect, test} from 'vitest'
import {faultOf, isDiskFull, reasonIn} from '../../../src/offsite/restic/outcome.js'

const CONFIG = 'Fatal: unable to open config file: Stat: '

test.each([
  [1, `${CONFIG}The Access Key Id you provided does not exist in our records.`, 'credentials'],
  [10, `${CONFIG}The Access Key Id you provided does not exist in our records.`, 'credentials'],
  [1, 'Fatal: The request signature we calculated does not match the signature you provided.', 'credentials'],
  [1, 'Fatal: unexpected HTTP response (401): 401 Unauthorized', 'credentials'],
  [1, `${CONFIG}stat /srv/config: no such file or directory`, 'no-repository'],
  [1, `${CONFIG}connection refused`, 'other'],
  [10, '', 'no-repository'],
  [
    1,
    'Stat(<config/>) returned error, retrying after 1s: The specified bucket does not exist',
    'no-repository',
  ],
  [1, 'Fatal: wrong password or no key found', 'wrong-password'],
  [12, '', 'wrong-password'],
  [11, '', 'locked'],
  [1, 'unable to create lock in backend: repository is already locked by PID 1', 'locked'],
  [1, 'Fatal: repository contains errors', 'damaged'],
  [1, 'error: LoadIndex returned errors', 'damaged'],
  [1, 'Fatal: load <index/1234>: invalid data returned', 'damaged'],
  [1, 'ignoring error for /a: ciphertext verification failed', 'damaged'],
  [1, 'Load(<data/1>) failed, retrying after 1s: invalid data returned\nFatal: connection reset', 'other'],
  [1, '{"message_type":"exit_error","code":1,"message":"Fatal: repository contains errors"}', 'damaged'],
] as const)('status %i and %s mean one fault', (exitCode, stderr, fault) => {
  expect(faultOf({exitCode, stdout: '', stderr})).toBe(fault)
})

const STACK = [
  'unable to load the index',
  'github.com/restic/restic/internal/repository.(*Repository).LoadIndex',
  '\t/build/internal/repository/repository.go:100',
  'main.runCheck',
  '\t/build/cmd/restic/cmd_check.go:100',
  'runtime.goexit',
  '\t/usr/lib/go/src/runtime/asm_amd64.s:1594',
  'goroutine 1 [running]:',
]

test.each([
  ['a stack of Go', STACK.join('\n'), 'unable to load the index'],
  [
    'a long stack of Go',
    [STACK[0], ...STACK.slice(1), ...STACK.slice(1)].join('\n'),
    'unable to load the index',
  ],
  ['a fatal error', 'Fatal: Fatal: no\nlast line', 'no'],
  ['nothing', '', 'restic gave no reason'],
  [
    'files that 0.14 could not read',
    `{"message_type":"error","error":{"Op":"open","Path":"b","Err":13},"during":"archival","item":"/a/b"}
Warning: at least one source file could not be read`,
    'cannot read /a/b',
  ],
  [
    'files that 0.18 could not read',
    ['b', 'b', 'c', 'd', 'e', 'f']
      .map(
        name => `{"message_type":"error","error":{"message":"denied"},"during":"scan","item":"/a/${name}"}`,
      )
      .join('\n') +
      '\n{"message_type":"exit_error","code":3,"message":"Warning: at least one source file could not be read"}',
    'cannot read /a/b: denied; cannot read /a/c: denied; cannot read /a/d: denied; and 2 more',
  ],
])('the reason is found in %s', (_, stderr, reason) => {
  expect(reasonIn(stderr)).toBe(reason)
})

test('a full disk is recognized in the output', () => {
  const stderr = 'ignoring error for /a: write /srv/a: no space left on device'
  expect(isDiskFull({exitCode: 1, stdout: '', stderr})).toBe(true)
  expect(isDiskFull({exitCode: 1, stdout: '', stderr: 'denied'})).toBe(false)
})

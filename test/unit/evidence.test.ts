import {expect, test} from 'vitest'
import {endEvidence, logEvidence} from '../../src/engines/evidence.js'

const frames = (count: number): string[] =>
  Array.from({length: count}, (_, line) => `\tat a.B.c(B.java:${line})`)
const INFO = '2026-11-28T13:16:08.034Z  INFO 1 --- [           main] o.a.user : Starting'
const ERROR = '2026-11-28T13:16:08.534Z ERROR 1 --- [           main] o.a.user : Application run failed'
const CHAIN = [
  'java.lang.IllegalStateException: a',
  ...frames(60),
  'Caused by: java.lang.RuntimeException: b',
  ...frames(20),
  '\t... 12 common frames omitted',
  'Caused by: org.postgresql.util.PSQLException: FATAL: password authentication failed',
  '  Position: 5',
  ...frames(30),
]
const JSON_RECORD = JSON.stringify({
  level: 'ERROR',
  message: 'Application run failed',
  stack_trace: CHAIN.join('\n'),
})
const CAUSE = [
  'java.lang.IllegalStateException: a',
  'Caused by: java.lang.RuntimeException: b',
  'Caused by: org.postgresql.util.PSQLException: FATAL: password authentication failed',
  '  Position: 5',
  '\tat a.B.c(B.java:0)',
  '\tat a.B.c(B.java:1)',
]

test.each([
  ['text', [INFO, ERROR, '', ...CHAIN], [ERROR, ...CAUSE]],
  [
    'JSON',
    ['{"level":"INFO","message":"Starting"}', JSON_RECORD],
    ['ERROR Application run failed', ...CAUSE],
  ],
  ['text that is followed by other records', [ERROR, ...CHAIN, INFO], [ERROR, ...CAUSE]],
  [
    'a report of Spring Boot',
    [INFO, ERROR, '***', 'Description:', 'Failed to configure a DataSource'],
    [ERROR, '***', 'Description:', 'Failed to configure a DataSource'],
  ],
  ['the last of several errors', [ERROR, ...CHAIN, `${ERROR} again`], [`${ERROR} again`]],
  [
    'a single line',
    ['starting', 'fatal: cannot read its configuration'],
    ['fatal: cannot read its configuration'],
  ],
  [
    'a message of PostgreSQL',
    [
      '2026-11-28 13:16:08.534 UTC [1] FATAL:  could not open file',
      '2026-11-28 13:16:08.535 UTC [1] LOG:  shut down',
    ],
    ['2026-11-28 13:16:08.534 UTC [1] FATAL:  could not open file'],
  ],
  [
    'an exception of Node.js',
    [
      '/app/a.js:1',
      '  x()',
      '  ^',
      'TypeError: x is no function',
      '    at a (/app/a.js:1:1)',
      '',
      'Node.js v20',
    ],
    ['TypeError: x is no function', '    at a (/app/a.js:1:1)'],
  ],
])('the cause of an end is found in %s', (_, log, lines) => {
  expect(endEvidence('user', log)).toEqual([{title: 'last error of user', lines}])
})

test('without an error, the last lines are shown', () => {
  expect(endEvidence('user', [INFO, ...frames(20), 'bye'])).toEqual([
    {title: 'last lines of user', lines: [INFO, 'bye']},
  ])
  expect(logEvidence('user', [])).toEqual([])
})

test('a long chain of causes is shortened', () => {
  const chain = Array.from({length: 40}, (_, level) => [`Caused by: E${level}: message`, ...frames(9)])
  const [found] = endEvidence('user', [ERROR, ...chain.flat()])
  expect(found!.lines).toHaveLength(9)
  expect(found!.lines.at(-3)).toBe('Caused by: E39: message')
})

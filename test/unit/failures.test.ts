import {describe, expect, test} from 'vitest'
import {causeIn, evidenceLines, findSqlError, hintFor, isServerFault} from '../../src/postgres/failures.js'

const ENGLISH = `WARNING:  01000: nothing to worry about
LOCATION:  exec_stmt_raise, pl_exec.c:3893
ERROR:  23503: insert or update on table "events" violates foreign key constraint "events_organiser_fkey"
DETAIL:  Key (organiser)=(51) is not present in table "accounts".
SCHEMA NAME:  event
LOCATION:  ri_ReportViolation, ri_triggers.c:2608
`
const RUSSIAN = `ПРЕДУПРЕЖДЕНИЕ:  01000: ничего страшного
РАСПОЛОЖЕНИЕ:  exec_stmt_raise, pl_exec.c:3893
ОШИБКА:  23503: INSERT или UPDATE в таблице "events" нарушает ограничение внешнего ключа "events_organiser_fkey"
ПОДРОБНОСТИ:  Ключ (organiser)=(51) отсутствует в таблице "accounts".
СХЕМА:  event
РАСПОЛОЖЕНИЕ:  ri_ReportViolation, ri_triggers.c:2608
`

describe('an error that psql prints', () => {
  test.each([
    [ENGLISH, 'insert or update on table "events" violates foreign key constraint "events_organiser_fkey"'],
    [
      RUSSIAN,
      'INSERT или UPDATE в таблице "events" нарушает ограничение внешнего ключа "events_organiser_fkey"',
    ],
  ])('is recognized by its SQLSTATE in every language', (stderr, message) => {
    expect(findSqlError({exitCode: 3, stderr})).toMatchObject({
      state: '23503',
      source: 'ri_triggers.c',
      message,
    })
    expect(causeIn(stderr)).toBe(message)
    expect(evidenceLines(stderr).filter(line => line.includes('.c:'))).toEqual([])
  })

  test('is not found if only warnings were printed', () => {
    const stderr = RUSSIAN.split('\n').slice(0, 2).join('\n')
    expect(findSqlError({exitCode: 3, stderr})).toBeUndefined()
  })

  test('is a failed connection if psql exits with 2', () => {
    const stderr = 'psql: ошибка: подключиться к серверу не удалось: В соединении отказано\n'
    expect(findSqlError({exitCode: 2, stderr})).toMatchObject({
      state: '08006',
      message: 'подключиться к серверу не удалось: В соединении отказано',
    })
  })
})

test.each([
  ['pg_dump: error: query failed: ERROR:  permission denied for table t', 'permission denied for table t'],
  [
    'pg_dump: ошибка: ошибка при выполнении запроса: ОШИБКА:  нет доступа к таблице t',
    'нет доступа к таблице t',
  ],
  ['pg_dump: ошибка: не найдены подходящие схемы', 'не найдены подходящие схемы'],
  ['sh: 1: pg_dump: not found', 'sh: 1: pg_dump: not found'],
  ['', 'the connection was lost'],
])('the cause in %j is shown', (first, cause) => {
  const detail =
    first.startsWith('pg_dump') && first.includes(':  ') ? '\npg_dump: detail: Query was: LOCK TABLE t' : ''
  expect(causeIn(first + detail)).toBe(cause)
})

test.each([
  [
    'a failed connection',
    [
      'psql: error: connection to server at "127.0.0.1", port 1 failed: Connection refused',
      '\tIs the server running on that host and accepting TCP/IP connections?',
    ],
    'connection to server at "127.0.0.1", port 1 failed: Connection refused',
  ],
  [
    'a command that psql refused',
    ['invalid command \\foo', 'sh: 12: printf: I/O error', 'gzip: stdout: Broken pipe'],
    'invalid command \\foo',
  ],
  [
    'warnings before it',
    [
      'perl: warning: Setting locale failed.',
      'WARNING: password file "/root/.pgpass" has group or world access',
      'WARNING:  01000: nothing',
      'pg_dump: warning: there are circular foreign-key constraints on this table:',
      'pg_dump: error: could not write to output file: No space left on device',
      'pg_dump: detail: a detail',
    ],
    'could not write to output file: No space left on device',
  ],
])('of %s, the first line is the cause and all are shown', (_, lines, cause) => {
  expect(causeIn(lines.join('\n'))).toBe(cause)
  expect(evidenceLines(lines.join('\n'))).toEqual(lines)
})

describe('a backup whose test restore fails', () => {
  const server = [
    ...['08006', '40001', '40P01', '42501', '53100', '53200', '53300', '55006', '55P03'],
    ...['57014', '57P01', '57P02', '57P03', '58030', 'QS003'],
  ]
  test.each(server)('can be valid after %s', state => {
    expect(isServerFault({state})).toBe(true)
  })
  test.each(['22P02', '23503', '23505', '42601', '42704', '42P01', 'QS002', 'QS004', 'QS005', 'XX001'])(
    'is damaged after %s',
    state => {
      expect(isServerFault({state})).toBe(false)
    },
  )
})

test('an ambiguous SQLSTATE is distinguished by the source file', () => {
  expect(hintFor({state: '42704', source: 'guc.c'}, 'restore')).toContain('newer pg_dump')
  expect(hintFor({state: '42704', source: 'acl.c'}, 'restore')).toContain('is missing')
  expect(hintFor({state: '53200', source: 'lock.c'}, 'restore')).toContain('max_locks_per_transaction')
  expect(hintFor({state: '53200', source: 'mcxt.c'}, 'restore')).not.toContain('max_locks_per_transaction')
})

import {expect, test} from 'vitest'
import {screens} from '../../../helpers/screens.js'
import type {VerifiedSet} from '../../../../src/backup/verify.js'
import {verifyTable, verifyUpdate} from '../../../../src/views/db/verify.js'

const VALID: VerifiedSet = {
  id: '20261123T020000Z',
  valid: true,
  reason: undefined,
  archives: 6,
  bytes: 1_572_864,
  rows: 11_632,
  restoreSeconds: undefined,
}
const DAMAGED = {...VALID, id: '20261122T020000Z', valid: false, reason: 'user.sql.gz is truncated'}

test('each backup is valid or damaged', () => {
  const report = {directory: '/srv/backups/prod', valid: false, sets: [VALID, DAMAGED]}
  expect(screens(() => verifyTable(report))).toMatchInlineSnapshot(`
    "=== 80 columns
    BACKUP            RESULT   ARCHIVES  ROWS    SIZE
    20261123T020000Z  valid    6         11,632  1.5 MiB
    20261122T020000Z  damaged  6         11,632  1.5 MiB
    === 40 columns
    BACKUP            RESULT   SIZE
    20261123T020000Z  valid    1.5 MiB
    20261122T020000Z  damaged  1.5 MiB"
  `)
})

test('a test restore shows how long it took', () => {
  const sets = [{...VALID, restoreSeconds: 3.2}, DAMAGED]
  expect(screens(() => verifyTable({directory: '/srv', valid: false, sets}))).toMatchInlineSnapshot(`
    "=== 80 columns
    BACKUP            RESULT   ARCHIVES  ROWS    SIZE     RESTORED IN
    20261123T020000Z  valid    6         11,632  1.5 MiB  3.2 s
    20261122T020000Z  damaged  6         11,632  1.5 MiB  -
    === 40 columns
    BACKUP            RESULT
    20261123T020000Z  valid
    20261122T020000Z  damaged"
  `)
})

test('the result of one backup is not printed to logs', () => {
  const event = {type: 'set', id: 'ID', state: 'checking', detail: 'user'} as const
  expect([verifyUpdate(event), verifyUpdate({...event, state: 'done', detail: 'valid'})]).toEqual([
    {task: 'verify', state: 'running', detail: 'ID user'},
    {task: 'verify', state: 'running', detail: 'ID valid', transient: true},
  ])
})

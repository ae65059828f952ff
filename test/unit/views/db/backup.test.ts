import {expect, test} from 'vitest'
import {screens} from '../../../helpers/screens.js'
import {backupSummary, backupUpdates} from '../../../../src/views/db/backup.js'

const REPORT = {
  id: '20261123T020000Z',
  path: '/srv/backups/prod/20261123T020000Z',
  profile: 'prod' as const,
  server: 'postgres of aquastream-prod',
  schemas: [
    {schema: 'user', rows: 11_632, bytes: 1_572_864},
    {schema: 'notification', rows: 0, bytes: 812},
  ],
  bytes: 1_573_676,
  seconds: 2.4,
}

test('the report shows the archives and the next commands', () => {
  expect(screens(() => backupSummary(REPORT, '--profile prod'))).toMatchInlineSnapshot(`
    "=== 80 columns
    SCHEMA        ROWS    SIZE
    user          11,632  1.5 MiB
    notification  0       812 B

    Backup 20261123T020000Z of postgres of aquastream-prod is complete: 1.5 MiB in
    2.4 s.

      /srv/backups/prod/20261123T020000Z

      aquastream db:list --profile prod
      aquastream db:verify 20261123T020000Z --profile prod
    === 40 columns
    SCHEMA        ROWS    SIZE
    user          11,632  1.5 MiB
    notification  0       812 B

    Backup 20261123T020000Z of postgres of
    aquastream-prod is complete: 1.5 MiB in
    2.4 s.

      /srv/backups/prod/20261123T020000Z

      aquastream db:list --profile prod
      aquastream db:verify 20261123T020000Z --profile prod"
  `)
})

test('backups that rotation deleted are listed, and the flags are repeated', () => {
  const rotated = ['20261015T020000Z', '20261014T020000Z']
  expect(screens(() => backupSummary({...REPORT, rotated}, "--profile prod --dir 'it is here'")))
    .toMatchInlineSnapshot(`
    "=== 80 columns
    SCHEMA        ROWS    SIZE
    user          11,632  1.5 MiB
    notification  0       812 B

    Backup 20261123T020000Z of postgres of aquastream-prod is complete: 1.5 MiB in
    2.4 s.
    Deleted by rotation: 20261015T020000Z, 20261014T020000Z.

      /srv/backups/prod/20261123T020000Z

      aquastream db:list --profile prod --dir 'it is here'
      aquastream db:verify 20261123T020000Z --profile prod --dir 'it is here'
    === 40 columns
    SCHEMA        ROWS    SIZE
    user          11,632  1.5 MiB
    notification  0       812 B

    Backup 20261123T020000Z of postgres of
    aquastream-prod is complete: 1.5 MiB in
    2.4 s.
    Deleted by rotation: 20261015T020000Z,
    20261014T020000Z.

      /srv/backups/prod/20261123T020000Z

      aquastream db:list --profile prod --dir 'it is here'
      aquastream db:verify 20261123T020000Z --profile prod --dir 'it is here'"
  `)
})

test('a dump shows its rate and the remaining time', () => {
  const toUpdate = backupUpdates()
  const running = {type: 'archive', schema: 'user', state: 'running'} as const
  expect(toUpdate({type: 'schemas', schemas: ['user']})).toEqual({tasks: ['user']})
  expect(toUpdate({...running, bytes: 1_048_576, expected: 6_291_456})).toEqual({
    task: 'user',
    state: 'running',
    detail: '1 MiB, 10 MiB/s, about 1 s left',
    transient: true,
  })
})

test('a first dump shows no remaining time', () => {
  const event = {type: 'archive', schema: 'user', state: 'running', bytes: 1024, expected: undefined} as const
  expect(backupUpdates()(event)).toMatchObject({detail: '1 KiB, 10 KiB/s'})
})

test('a finished dump shows the size of its archive', () => {
  const event = {type: 'archive', schema: 'user', state: 'done', bytes: 2048, expected: 1} as const
  expect(backupUpdates()(event)).toEqual({task: 'user', state: 'done', detail: '2 KiB'})
})

test('a notice of a backup is shown as a note', () => {
  const text = 'skipped, not part of the platform: audit'
  expect(backupUpdates()({type: 'notice', text})).toEqual({notice: `note: ${text}`})
})

import {expect, test} from 'vitest'
import {inTerminal, screens} from '../../../helpers/screens.js'
import {idAgo, SCHEMAS} from '../../../helpers/sets.js'
import type {RotationReport} from '../../../../src/backup/rotate.js'
import type {KeepReason} from '../../../../src/backup/retention.js'
import {timeOf} from '../../../../src/backup/repository/backup-set.js'
import {rotateSummary, rotateUpdate} from '../../../../src/views/db/rotate.js'

const EMPTY: RotationReport = {
  directory: '/srv/backups/prod',
  dryRun: true,
  policy: {daily: 7, weekly: 4, monthly: 3},
  kept: [],
  deleted: [],
  ignored: [],
  leftovers: [],
}

const DAY = 24
/** IDs of the same age in every run, because the age is shown. The snapshots contain A to H instead of the IDs. */
const IDS = [-3, 0.1, 1, 2, 3, 4, 40, 60].map(days => idAgo(days * DAY + 1))
const set = (index: number, schemas = SCHEMAS) => {
  const id = IDS[index]!
  return {id, takenAt: timeOf(id)!.toISOString(), bytes: 1_572_864, schemas}
}
const ofAll = (rule: 'daily' | 'weekly' | 'monthly', bucket: string, oldest = false): KeepReason[] =>
  SCHEMAS.map(schema => ({rule, schema, bucket, oldest}))

const REPORT: RotationReport = {
  ...EMPTY,
  kept: [
    {...set(0), reasons: [{rule: 'future'}]},
    {...set(1, ['user']), reasons: [{rule: 'safety'}, {rule: 'newest', schema: 'user'}]},
    {
      ...set(2),
      reasons: [
        ...ofAll('daily', '2026-11-23'),
        ...ofAll('weekly', '2026-W48'),
        ...ofAll('monthly', '2026-11'),
      ],
    },
    {
      ...set(3),
      reasons: ['user', 'event', 'crew'].map(schema => ({
        rule: 'daily',
        schema,
        bucket: '2026-11-22',
        oldest: true,
      })),
    },
    {...set(5), reasons: [{rule: 'pinned'}, {rule: 'newest-backup', schema: 'media'}]},
  ],
  deleted: [set(6), set(7)],
  ignored: [{...set(4), state: 'partial', reason: 'it has no SHA256SUMS, so it was not finished'}],
  leftovers: ['.20261101T020000Z.partial'],
}

function textOf(report: RotationReport): string {
  return IDS.reduce(
    (text, id, index) => text.replaceAll(id, String.fromCharCode(65 + index).repeat(id.length)),
    screens(() => rotateSummary(report)),
  )
}

test('a dry run shows each backup with its action and the reasons', () => {
  expect(textOf(REPORT)).toMatchInlineSnapshot(`
    "=== 80 columns
    /srv/backups/prod
    ID                ACTION  REASON
    AAAAAAAAAAAAAAAA  keep    dated in the future
    BBBBBBBBBBBBBBBB  keep    safety backup of the last 7 days, newest
    CCCCCCCCCCCCCCCC  keep    daily 2026-11-23, weekly 2026-W48, monthly 2026-11
    DDDDDDDDDDDDDDDD  keep    daily 2026-11-22 (oldest) of 3 schemas
    EEEEEEEEEEEEEEEE  ignore  it has no SHA256SUMS, so it was not finished
    FFFFFFFFFFFFFFFF  keep    pinned, newest of media
    GGGGGGGGGGGGGGGG  delete  not kept by any rule
    HHHHHHHHHHHHHHHH  delete  not kept by any rule

    Backups to keep: 5, to delete: 2 (3 MiB). Nothing was changed.
    Backups ignored: 1. Rotation deletes only complete backups.
    Stale leftovers of earlier runs to remove: .20261101T020000Z.partial.
    === 40 columns
    /srv/backups/prod
    ID                ROTATION
    AAAAAAAAAAAAAAAA  dated in the future
    BBBBBBBBBBBBBBBB  safety
    CCCCCCCCCCCCCCCC  daily weekly monthly
    DDDDDDDDDDDDDDDD  daily
    EEEEEEEEEEEEEEEE  ignore: partial
    FFFFFFFFFFFFFFFF  pinned
    GGGGGGGGGGGGGGGG  delete
    HHHHHHHHHHHHHHHH  delete

    Backups to keep: 5, to delete: 2 (3
    MiB). Nothing was changed.
    Backups ignored: 1. Rotation deletes
    only complete backups.
    Stale leftovers of earlier runs to
    remove: .20261101T020000Z.partial."
  `)
})

test('a rotation shows what it deleted', () => {
  const done = {...REPORT, dryRun: false, kept: REPORT.kept.slice(1, 2)}
  expect(textOf(done)).toMatchInlineSnapshot(`
    "=== 80 columns
    /srv/backups/prod
    ID                AGE  ACTION   REASON
    BBBBBBBBBBBBBBBB  3h   keep     safety backup of the last 7 days, newest
    EEEEEEEEEEEEEEEE  3d   ignore   it has no SHA256SUMS, so it was not finished
    GGGGGGGGGGGGGGGG  40d  deleted  not kept by any rule
    HHHHHHHHHHHHHHHH  60d  deleted  not kept by any rule

    Backups kept: 1, deleted: 2 (3 MiB).
    Backups ignored: 1. Rotation deletes only complete backups.
    Removed stale leftovers of earlier runs: .20261101T020000Z.partial.
    === 40 columns
    /srv/backups/prod
    ID                ROTATION
    BBBBBBBBBBBBBBBB  safety
    EEEEEEEEEEEEEEEE  ignore: partial
    GGGGGGGGGGGGGGGG  deleted
    HHHHHHHHHHHHHHHH  deleted

    Backups kept: 1, deleted: 2 (3 MiB).
    Backups ignored: 1. Rotation deletes
    only complete backups.
    Removed stale leftovers of earlier runs:
    .20261101T020000Z.partial."
  `)
})

test('a wide terminal shows sizes, ages and whole reasons', () => {
  const text = inTerminal(120, () => rotateSummary({...EMPTY, kept: REPORT.kept.slice(2, 3)}))
  expect(text.split('\n').slice(1)).toEqual([
    'ID                AGE  SIZE     ACTION  REASON',
    `${IDS[2]}  25h  1.5 MiB  keep    daily 2026-11-23, weekly 2026-W48, monthly 2026-11`,
    '',
    'Backups to keep: 1, to delete: 0. Nothing was changed.',
  ])
})

test('a directory without backups is named', () => {
  expect(screens(() => rotateSummary(EMPTY))).toMatchInlineSnapshot(`
    "=== 80 columns
    There are no backups in /srv/backups/prod.
    === 40 columns
    There are no backups in
    /srv/backups/prod."
  `)
})

test('progress counts what is deleted', () => {
  const event = {type: 'delete', id: 'ID', done: 1, total: 2} as const
  expect([rotateUpdate(event), rotateUpdate({...event, done: 2})]).toEqual([
    {task: 'delete', state: 'running', detail: 'ID, 1 of 2'},
    {task: 'delete', state: 'done', detail: 'ID, 2 of 2'},
  ])
})

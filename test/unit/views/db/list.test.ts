import {expect, test} from 'vitest'
import {hoursAgo, inTerminal, screens} from '../../../helpers/screens.js'
import type {SetReport} from '../../../../src/backup/list.js'
import {ageWarning, listSummary} from '../../../../src/views/db/list.js'

const NOW = new Date('2026-11-23T12:00:00Z')
const SCHEMAS = ['user', 'event', 'crew']
const EMPTY = {directory: '/srv/backups/prod', newest: null, schemas: [], sets: [], rotated: []}

/** Returns a complete backup with these properties changed. */
function set(id: string, ageHours: number, report: Partial<SetReport> = {}): SetReport {
  return {
    id,
    takenAt: hoursAgo(ageHours),
    ageHours,
    state: 'complete',
    pinned: false,
    kind: 'backup',
    schemas: SCHEMAS,
    rows: 11_632,
    bytes: 1_572_864,
    rotation: {action: 'delete', reasons: []},
    ...report,
  }
}

const keep = (...reasons: SetReport['rotation']['reasons']): Pick<SetReport, 'rotation'> => ({
  rotation: {action: 'keep', reasons},
})
const daily = {rule: 'daily', schema: 'user', bucket: '2026-11-23', oldest: false} as const
const weekly = {rule: 'weekly', schema: 'user', bucket: '2026-W48', oldest: false} as const

test('every state and every reason of rotation is shown', () => {
  const sets = [
    set('20261125T020000Z', -38, {...keep({rule: 'future'})}),
    set('20261123T110000Z', 1, {
      kind: 'safety',
      schemas: ['user'],
      label: 'before a restore from 20261123T020000Z',
      ...keep({rule: 'safety'}),
    }),
    set('20261123T020000Z', 10, keep(daily, weekly)),
    set('20261122T020000Z', 34, {
      state: 'damaged',
      kind: null,
      rows: null,
      reason: 'manifest.json is missing',
      rotation: {action: 'ignore', reasons: []},
    }),
    set('20261030T020000Z', 586, {pinned: true, ...keep({rule: 'pinned'})}),
    set('20261012T020000Z', 1018, {schemas: ['audit'], ...keep({rule: 'newest', schema: 'audit'})}),
    set('20261011T020000Z', 1042),
  ]
  expect(screens(() => listSummary({...EMPTY, sets, rotated: ['20261010T020000Z']}, NOW)))
    .toMatchInlineSnapshot(`
    "=== 80 columns
    /srv/backups/prod
    ID                AGE     SIZE     SCHEMAS  STATE     ROTATION
    20261125T020000Z  future  1.5 MiB  3        complete  dated in the future
    20261123T110000Z  60m     1.5 MiB  user     safety    safety
    20261123T020000Z  10h     1.5 MiB  3        complete  daily weekly
    20261122T020000Z  34h     1.5 MiB  3        damaged   ignore
    20261030T020000Z  24d     1.5 MiB  3        pinned    pinned
    20261012T020000Z  42d     1.5 MiB  audit    complete  newest
    20261011T020000Z  43d     1.5 MiB  3        complete  delete

    September 2026     October 2026       November 2026
       M T W T F S S      M T W T F S S      M T W T F S S
     1                  1                  1             .
     7                  5           - #    2 . . . . . . .
    14                 12 # . . . . . .    9 . . . . . . .
    21                 19 . . . . . . .   16 . . . . . . !
    28                 26 . . . . # .     23 #
                                          30

    # complete  ! damaged  - rotated  . none

    20261122T020000Z is damaged: manifest.json is missing.
    === 40 columns
    /srv/backups/prod
    ID                AGE     STATE
    20261125T020000Z  future  complete
    20261123T110000Z  60m     safety
    20261123T020000Z  10h     complete
    20261122T020000Z  34h     damaged
    20261030T020000Z  24d     pinned
    20261012T020000Z  42d     complete
    20261011T020000Z  43d     complete

    September 2026     October 2026
       M T W T F S S      M T W T F S S
     1                  1
     7                  5           - #
    14                 12 # . . . . . .
    21                 19 . . . . . . .
    28                 26 . . . . # .

    November 2026
       M T W T F S S
     1             .
     2 . . . . . . .
     9 . . . . . . .
    16 . . . . . . !
    23 #
    30

    # complete  ! damaged  - rotated  . none

    20261122T020000Z is damaged:
    manifest.json is missing."
  `)
})

test('the reasons of five incomplete backups are shown', () => {
  const sets = [1, 2, 3, 4, 5, 6, 7].map(day =>
    set(`2026110${day}T020000Z`, 24 * day, {
      state: 'partial',
      reason: 'it has no SHA256SUMS, so it was not finished',
    }),
  )
  const text = screens(() => listSummary({...EMPTY, sets}, NOW))
  expect(text.split('=== 40')[0]!.split('\n').slice(-8)).toMatchInlineSnapshot(`
    [
      "",
      "20261101T020000Z is partial: it has no SHA256SUMS, so it was not finished.",
      "20261102T020000Z is partial: it has no SHA256SUMS, so it was not finished.",
      "20261103T020000Z is partial: it has no SHA256SUMS, so it was not finished.",
      "20261104T020000Z is partial: it has no SHA256SUMS, so it was not finished.",
      "20261105T020000Z is partial: it has no SHA256SUMS, so it was not finished.",
      "2 more backups are not complete.",
      "",
    ]
  `)
})

test('a label cannot move the cursor of a terminal', () => {
  const sets = [set('20261123T020000Z', 1, {label: '\u001b[2Jgone\r\n', schemas: ['user\u0007']})]
  const text = inTerminal(120, () => listSummary({...EMPTY, sets}, NOW))
  expect(text.split('\n')[2]).toBe(
    '20261123T020000Z  60m  1.5 MiB  user?    11,632  complete  ?[2Jgone??  delete',
  )
})

test('a directory without backups is named', () => {
  expect(screens(() => listSummary(EMPTY, NOW))).toMatchInlineSnapshot(`
    "=== 80 columns
    There are no backups in /srv/backups/prod.
    === 40 columns
    There are no backups in
    /srv/backups/prod."
  `)
})

test('an old backup is a warning with a hint', () => {
  const problem = {
    code: 'backup-too-old',
    message: 'the newest backup is 27 hours old',
    hint: 'aquastream db:backup',
  } as const
  expect(ageWarning(problem)).toBe('warning: the newest backup is 27 hours old\nhint: aquastream db:backup')
})

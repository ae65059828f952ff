import {expect, test} from 'vitest'
import {hoursAgo, screens} from '../../../helpers/screens.js'
import type {RestorePlan} from '../../../../src/backup/restore/plan.js'
import type {RestoreReport} from '../../../../src/backup/restore/restore.js'
import {
  planText,
  restoreLoss,
  restoreName,
  restoreSummary,
  restoreUpdates,
} from '../../../../src/views/db/restore.js'

const ID = '20261123T020000Z'
const SET = {id: ID, takenAt: hoursAgo(5), label: undefined}
const SCHEMA = {
  schema: 'user',
  exists: true,
  tables: [
    {name: 'accounts', now: 11_632, then: 11_632},
    {name: 'sessions', now: 0, then: 87},
    {name: 'tokens', now: 40, then: 12},
    {name: 'added_since', now: 3, then: undefined},
    {name: 'dropped_since', now: undefined, then: 5},
  ],
}

/** Returns the plan to restore one schema from a backup, with these properties changed. */
function plan(changes: Partial<RestorePlan> = {}): RestorePlan {
  return {
    flags: '--profile prod',
    variables: [],
    root: '/srv/backups/prod',
    server: {
      name: 'postgres of aquastream-prod',
      mayBePooled: false,
      run() {
        throw new Error('a view runs nothing')
      },
    },
    source: source(),
    lateDefinitions: [],
    into: undefined,
    creates: false,
    schemas: [SCHEMA],
    foreignKeys: [],
    triggers: [],
    publications: [],
    lockedTables: [],
    roles: [],
    before: [],
    extensions: [],
    otherSchemas: undefined,
    safety: [{name: 'user', bytes: 172_032}],
    expected: 2,
    notices: [],
    ...changes,
  }
}

function source(changes: Partial<RestorePlan['source']> = {}): RestorePlan['source'] {
  return {
    set: SET,
    manifest: {} as RestorePlan['source']['manifest'],
    directory: `/srv/backups/prod/${ID}`,
    archives: [],
    choice: {skipped: [], narrower: undefined, missing: []},
    ...changes,
  }
}

const FILE = source({
  set: undefined,
  manifest: undefined,
  archives: [
    {schema: 'user', path: '/tmp/user.sql.gz', encoding: 'gzip', bytes: 1, sha256: '', known: undefined},
  ],
})

test('a plan shows what is replaced, table by table', () => {
  expect(screens(() => planText(plan()))).toMatchInlineSnapshot(`
    "=== 80 columns
    Schema user on postgres of aquastream-prod will be replaced with backup
    20261123T020000Z (age: 5h).

    TABLE          ROWS NOW  ROWS IN BACKUP  CHANGE
    accounts       11,632    11,632
    sessions       0         87              +87
    tokens         40        12              -28
    added_since    3         -               removed
    dropped_since  -         5               added

    A safety backup of the current state is taken first. The data takes 168 KiB on
    the server; the archives are smaller.
    Archives verified. The restore runs in one transaction, so it completes or
    changes nothing (about 2 s).
    === 40 columns
    Schema user on postgres of
    aquastream-prod will be replaced with
    backup 20261123T020000Z (age: 5h).

    TABLE          ROWS NOW  ROWS IN BACKUP
    accounts       11,632    11,632
    sessions       0         87
    tokens         40        12
    added_since    3         -
    dropped_since  -         5

    A safety backup of the current state is
    taken first. The data takes 168 KiB on
    the server; the archives are smaller.
    Archives verified. The restore runs in
    one transaction, so it completes or
    changes nothing (about 2 s)."
  `)
})

test('a plan lists recreated objects, new roles and notices', () => {
  const all = plan({
    schemas: [SCHEMA, {schema: 'event', exists: true, tables: [{name: 'events', now: 1, then: 1}]}],
    source: source({set: {...SET, label: 'before-migration'}}),
    foreignKeys: ['payments_account_fkey of payment.payments'],
    triggers: ['audit of payment.payments'],
    publications: ['changes'],
    lockedTables: ['event.events', 'payment.payments'],
    roles: ['reporting', 'backup'],
    notices: [
      {type: 'skipped-backup', id: '20261124T020000Z', state: 'damaged', reason: undefined},
      {type: 'no-manifest'},
    ],
  })
  expect(screens(() => planText(all))).toMatchInlineSnapshot(`
    "=== 80 columns
    Schemas user, event on postgres of aquastream-prod will be replaced with backup
    20261123T020000Z (age: 5h, label: before-migration).

    TABLE               ROWS NOW  ROWS IN BACKUP  CHANGE
    user.accounts       11,632    11,632
    user.sessions       0         87              +87
    user.tokens         40        12              -28
    user.added_since    3         -               removed
    user.dropped_since  -         5               added
    event.events        1         1

    A safety backup of the current state is taken first. The data takes 168 KiB on
    the server; the archives are smaller.
    Foreign keys of other schemas, recreated and validated: payments_account_fkey of
    payment.payments.
    Triggers of other schemas, recreated: audit of payment.payments.
    Publications, to which the tables are added again: changes.
    Tables of other schemas that cannot be read or written while the schemas are
    replaced: event.events, payment.payments.
    Missing roles, created without a password: reporting, backup.
    Note: the newer backup 20261124T020000Z is damaged and was skipped.
    Note: this file has no manifest, so row counts cannot be compared.
    Archives verified. The restore runs in one transaction, so it completes or
    changes nothing (about 2 s).
    === 40 columns
    Schemas user, event on postgres of
    aquastream-prod will be replaced with
    backup 20261123T020000Z (age: 5h, label:
    before-migration).

    TABLE               ROWS NOW  ROWS IN BACKUP
    user.accounts       11,632    11,632
    user.sessions       0         87
    user.tokens         40        12
    user.added_since    3         -
    user.dropped_since  -         5
    event.events        1         1

    A safety backup of the current state is
    taken first. The data takes 168 KiB on
    the server; the archives are smaller.
    Foreign keys of other schemas, recreated
    and validated: payments_account_fkey of
    payment.payments.
    Triggers of other schemas, recreated:
    audit of payment.payments.
    Publications, to which the tables are
    added again: changes.
    Tables of other schemas that cannot be
    read or written while the schemas are
    replaced: event.events,
    payment.payments.
    Missing roles, created without a
    password: reporting, backup.
    Note: the newer backup 20261124T020000Z
    is damaged and was skipped.
    Note: this file has no manifest, so row
    counts cannot be compared.
    Archives verified. The restore runs in
    one transaction, so it completes or
    changes nothing (about 2 s)."
  `)
})

test('a schema that does not exist is created', () => {
  const tables = [{name: 'accounts', now: undefined, then: 12}]
  const missing = plan({schemas: [{schema: 'user', exists: false, tables}], safety: []})
  expect(screens(() => planText(missing))).toMatchInlineSnapshot(`
    "=== 80 columns
    Schema user on postgres of aquastream-prod does not exist and will be created
    from backup 20261123T020000Z (age: 5h).

    TABLE     ROWS NOW  ROWS IN BACKUP  CHANGE
    accounts  -         12              added

    No safety backup is needed: there is no data to replace.
    Archives verified. The restore runs in one transaction, so it completes or
    changes nothing (about 2 s).
    === 40 columns
    Schema user on postgres of
    aquastream-prod does not exist and will
    be created from backup 20261123T020000Z
    (age: 5h).

    TABLE     ROWS NOW  ROWS IN BACKUP
    accounts  -         12

    No safety backup is needed: there is no
    data to replace.
    Archives verified. The restore runs in
    one transaction, so it completes or
    changes nothing (about 2 s)."
  `)
})

test('a schema without tables gets a sentence, no table', () => {
  const text = screens(() => planText(plan({schemas: [{...SCHEMA, tables: []}]})))
  expect(text).toContain('\n\nThere are no tables to compare.\n\n')
  expect(text).not.toContain('ROWS NOW')
})

test('a new database is named', () => {
  const tables = [{name: 'accounts', now: undefined, then: 12}]
  const created = plan({
    into: 'inspect',
    creates: true,
    schemas: [{schema: 'user', exists: false, tables}],
    safety: [],
  })
  expect(screens(() => planText(created)).split('\n')[1]).toBe(
    `Schema user will be restored into the new database inspect on postgres of`,
  )
})

test('another database that exists is named', () => {
  expect(screens(() => planText(plan({into: 'inspect'}))).split('\n')[1]).toBe(
    'Schema user in database inspect on postgres of aquastream-prod will be replaced',
  )
})

test('a file without a manifest is named by its path', () => {
  const tables = [{name: 'accounts', now: 12, then: 10}]
  const file = plan({schemas: [{...SCHEMA, tables}], source: FILE})
  expect(screens(() => planText(file))).toMatchInlineSnapshot(`
    "=== 80 columns
    Schema user on postgres of aquastream-prod will be replaced with the file
    /tmp/user.sql.gz.

    TABLE     ROWS NOW  ROWS IN BACKUP  CHANGE
    accounts  12        10              -2

    A safety backup of the current state is taken first. The data takes 168 KiB on
    the server; the archives are smaller.
    Archives verified. The restore runs in one transaction, so it completes or
    changes nothing (about 2 s).
    === 40 columns
    Schema user on postgres of
    aquastream-prod will be replaced with
    the file /tmp/user.sql.gz.

    TABLE     ROWS NOW  ROWS IN BACKUP
    accounts  12        10

    A safety backup of the current state is
    taken first. The data takes 168 KiB on
    the server; the archives are smaller.
    Archives verified. The restore runs in
    one transaction, so it completes or
    changes nothing (about 2 s)."
  `)
})

test.each([
  [plan(), `This replaces schema user with backup ${ID}`, 'user'],
  [
    plan({schemas: [SCHEMA, {...SCHEMA, schema: 'event'}]}),
    `This replaces schemas user, event with backup ${ID}`,
    'aquastream-prod',
  ],
  [
    plan({schemas: [SCHEMA, {...SCHEMA, schema: 'event'}], into: 'inspect'}),
    `This replaces schemas user, event with backup ${ID}`,
    'inspect',
  ],
  [plan({source: FILE}), 'This replaces schema user with the file', 'user'],
])('the question names the loss and the answer (%#)', (what, loss, name) => {
  expect([restoreLoss(what), restoreName(what)]).toEqual([loss, name])
})

const REPORT: RestoreReport = {
  server: 'postgres of aquastream-prod',
  database: undefined,
  from: ID,
  schemas: ['user'],
  rows: 11_719,
  roles: [],
  skippedForeignKeys: [],
  undo: {
    id: '20261123T070000Z',
    command: 'aquastream db:restore --schema user --from 20261123T070000Z --profile prod',
    variables: [],
  },
  lockedSeconds: 0.7,
  seconds: 1.1,
}

test('the report of a restore shows the undo command', () => {
  expect(screens(() => restoreSummary(REPORT))).toMatchInlineSnapshot(`
    "=== 80 columns
    Schema user was restored from 20261123T020000Z: 11,719 rows in 1.1 s. Restart
    the services that use it.
    Writes waited for at most 0.7 s.

    To undo this restore:

      aquastream db:restore --schema user --from 20261123T070000Z --profile prod
    === 40 columns
    Schema user was restored from
    20261123T020000Z: 11,719 rows in 1.1 s.
    Restart the services that use it.
    Writes waited for at most 0.7 s.

    To undo this restore:

      aquastream db:restore --schema user --from 20261123T070000Z --profile prod"
  `)
})

test('the report names the variables that the undo command needs', () => {
  const undo = {...REPORT.undo!, variables: ['DATABASE_URL']}
  expect(restoreSummary({...REPORT, undo})).toContain(
    '\nTo undo this restore, with the same DATABASE_URL in the environment:\n\n  aquastream',
  )
})

test('the report names new roles and skipped foreign keys', () => {
  const all = {
    ...REPORT,
    schemas: ['user', 'event'],
    rows: undefined,
    roles: ['reporting'],
    skippedForeignKeys: ['events_organizer_fkey of event.events'],
    undo: undefined,
  }
  expect(screens(() => restoreSummary(all))).toMatchInlineSnapshot(`
    "=== 80 columns
    Schemas user, event were restored from 20261123T020000Z in 1.1 s. Restart the
    services that use them.
    Set a password for the new roles: reporting.
    Foreign keys skipped, because the schema that they refer to does not exist:
    events_organizer_fkey of event.events.
    === 40 columns
    Schemas user, event were restored from
    20261123T020000Z in 1.1 s. Restart the
    services that use them.
    Set a password for the new roles:
    reporting.
    Foreign keys skipped, because the schema
    that they refer to does not exist:
    events_organizer_fkey of event.events."
  `)
})

test('each event of a restore belongs to a task', () => {
  const toUpdate = restoreUpdates()
  expect([
    toUpdate({type: 'step', step: 'safety', state: 'started'}),
    toUpdate({type: 'schemas', schemas: ['user', 'event']}),
    toUpdate({type: 'archive', schema: 'user', state: 'running', bytes: 2048, expected: undefined}),
    toUpdate({type: 'bytes', read: 1024, total: 4096}),
    toUpdate({type: 'step', step: 'commit', state: 'done'}),
    toUpdate({type: 'notice', text: 'the safety backup is kept'}),
  ]).toEqual([
    {task: 'safety backup', state: 'running', detail: 'started'},
    {task: 'safety backup', state: 'running', detail: 'user, event', transient: true},
    {task: 'safety backup', state: 'running', detail: 'user 2 KiB', transient: true},
    {task: 'replay', state: 'running', detail: '1 KiB of 4 KiB', transient: true},
    {task: 'check and commit', state: 'done', detail: 'done'},
    {notice: 'note: the safety backup is kept'},
  ])
})

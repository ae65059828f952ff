import {expect, test} from 'vitest'
import {inTerminal} from '../../../helpers/screens.js'
import {offsiteRotateSummary} from '../../../../src/views/offsite/rotate.js'

test('an incomplete push is followed by the command that completes it', () => {
  const id = '20261123T020000Z'
  const backup = {id, takenAt: '2026-11-23T02:00:00.000Z', bytes: 1_572_864, schemas: ['user']}
  const report = {
    repository: '/mnt/copy',
    dryRun: false,
    policy: {daily: 7, weekly: 4, monthly: 3},
    kept: [],
    deleted: [],
    orphans: [],
    ignored: [{...backup, why: 'unverified' as const}],
    otherProjects: [],
  }
  const text = inTerminal(200, () => offsiteRotateSummary(report, '--profile prod --env-file my.env'))
  expect(text.split('\n')).toContain(
    'Backups ignored, because they are not verified: 1. Complete the push: aquastream offsite:push --profile prod --env-file my.env',
  )
})

import {expect, test} from 'vitest'
import {rollbackSummary} from '../../../../src/views/env/rollback.js'

test('a rollback warns about the version in the settings', () => {
  const versions = [{service: 'user', from: 'user:2', to: 'user:1', update: '1'}]
  const stack = {profile: 'prod', project: 'p', engine: 'swarm'} as const
  const text = rollbackSummary({...stack, versions, services: []}, 'my.env')
  expect(text.replaceAll(/\s+/g, ' ')).toContain(
    'the next env:up would start it again. Change BACKEND_USER_IMAGE or BACKEND_VERSION in my.env first.',
  )
})

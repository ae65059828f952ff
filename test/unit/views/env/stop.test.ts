import {expect, test} from 'vitest'
import {inTerminal} from '../../../helpers/screens.js'
import {serviceRow} from '../../../helpers/service-rows.js'
import {restartSummary, restartUpdate} from '../../../../src/views/env/restart.js'
import {stopSummary} from '../../../../src/views/env/stop.js'

const NOTHING = {
  profile: 'stage',
  project: 'aquastream-stage',
  stopped: [],
  unchanged: [],
  dependents: [],
} as const

const FLAGS = '--profile stage --env-file my.env'

test('a stop names what was stopped, and what still needs it', () => {
  const report = {...NOTHING, stopped: ['redis'], unchanged: ['media'], dependents: ['user', 'event']}
  expect(inTerminal(100, () => stopSummary(report, FLAGS)).split('\n')).toEqual([
    'Stopped: redis.',
    'Was not running: media.',
    'Still running, but dependent on a stopped service: user, event.',
    `To start again: aquastream env:restart redis ${FLAGS}`,
  ])
})

test('a stop of what does not run changes nothing', () => {
  expect(
    inTerminal(100, () =>
      stopSummary({...NOTHING, unchanged: ['media', 'user'], stopped: [], dependents: []}, FLAGS),
    ),
  ).toBe('Were not running: media, user. Nothing was changed.')
})

test('a restart shows the services that were restarted', () => {
  const report = {
    profile: 'stage',
    project: 'aquastream-stage',
    engine: 'compose',
    services: [serviceRow('user')],
  } as const
  expect(inTerminal(100, () => restartSummary({...report, services: [serviceRow('user')]}))).toContain(
    '\n\nRestarted: user.',
  )
  expect(restartUpdate({type: 'services', services: ['user']})).toEqual({tasks: ['user']})
  expect(restartUpdate({type: 'service', service: 'user', state: 'ready', detail: 'healthy'})).toEqual({
    task: 'user',
    state: 'done',
    detail: 'healthy',
  })
})

import {describe, expect, test} from 'vitest'
import type {SwarmService, Task} from '../../../src/engines/swarm/objects.js'
import {isUnsettled} from '../../../src/engines/swarm/cluster/services.js'

describe('a stack whose update was killed', () => {
  test.each([undefined, 'completed', 'rollback_completed'])(
    'an update that has ended is settled: %s',
    state => {
      expect(isUnsettled(service(state), [task('new')])).toBe(false)
    },
  )

  test.each(['updating', 'rollback_started', 'paused', 'rollback_paused'])(
    'an update that goes on is not settled: %s',
    state => {
      expect(isUnsettled(service(state), [task('new')])).toBe(true)
    },
  )

  test('containers of the old version are not settled', () => {
    expect(isUnsettled(service(undefined), [task('new'), task('old')])).toBe(true)
    expect(isUnsettled(service(undefined), [task('new'), task('old', 'shutdown')])).toBe(false)
  })
})

function service(state: string | undefined): SwarmService {
  return {
    ID: 's1',
    Version: {Index: 1},
    UpdatedAt: '2026-01-01T00:00:00Z',
    Spec: {Name: 'p_user', Labels: {}, TaskTemplate: template('new'), Mode: {}},
    UpdateStatus: {State: state},
  }
}

function task(version: string, wanted = 'running'): Task {
  const at = '2026-01-01T00:00:00Z'
  return {
    ID: version,
    CreatedAt: at,
    ServiceID: 's1',
    Slot: 1,
    NodeID: 'n1',
    DesiredState: wanted,
    Spec: template(version),
    Status: {Timestamp: at, State: 'running', Message: '', Err: ''},
  }
}

function template(version: string) {
  return {ContainerSpec: {Image: 'i', Labels: {'aquastream.spec': version}}, ForceUpdate: 0}
}

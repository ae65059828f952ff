import {describe, expect, test} from 'vitest'
import {checkJobReadiness, checkReadiness} from '../../src/stack/readiness.js'
import type {ServiceState} from '../../src/stack/state.js'

const NEW: ServiceState = {
  service: 'user',
  id: 'new',
  profile: 'dev',
  state: 'running',
  health: 'healthy',
  since: '2026-11-23T02:00:00Z',
  restarts: 0,
  exitCode: 0,
  outOfMemory: false,
  failedChecks: 0,
  healthOutput: '',
  image: 'aquastream/backend-user',
  imageId: 'sha256:1',
  stub: false,
  published: {},
}
const OLD: ServiceState = {...NEW, id: 'old'}
const ENDED = {state: 'exited', health: 'none'} as const
const AGAIN = {health: 'starting', exitCode: 1} as const

interface Case {
  now: ServiceState | undefined
  before?: ServiceState
  phase?: 'starting' | 'started'
  is: 'ready' | 'waiting' | 'failed'
  why?: string
}

describe('a service', () => {
  const cases: [string, Case][] = [
    ['that does not exist yet waits for its turn', {now: undefined, phase: 'starting', is: 'waiting'}],
    ['that is gone afterwards was stopped', {now: undefined, is: 'failed', why: 'stopped'}],
    ['that was only created waits', {now: {...NEW, state: 'created', health: 'none'}, is: 'waiting'}],
    ['that runs and is healthy is ready', {now: NEW, is: 'ready'}],
    ['without a health check is ready once it runs', {now: {...NEW, health: 'none'}, is: 'ready'}],
    ['that starts up waits for its check', {now: {...NEW, health: 'starting'}, is: 'waiting'}],
    ['that was there before is not ready yet', {now: OLD, before: OLD, phase: 'starting', is: 'waiting'}],
    ['that was there before is ready afterwards', {now: OLD, before: OLD, is: 'ready'}],
    ['in a new container is ready at once', {now: NEW, before: OLD, phase: 'starting', is: 'ready'}],
    [
      'that had ended before may yet be started',
      {
        now: {...OLD, ...ENDED, exitCode: 1},
        before: {...OLD, ...ENDED, exitCode: 1},
        phase: 'starting',
        is: 'waiting',
      },
    ],
    [
      'that ended with a failure has failed',
      {now: {...NEW, ...ENDED, exitCode: 1}, is: 'failed', why: 'failed'},
    ],
    ['that ended well was stopped by somebody', {now: {...NEW, ...ENDED}, is: 'failed', why: 'stopped'}],
    ['that is dead has failed', {now: {...NEW, state: 'dead', exitCode: 137}, is: 'failed', why: 'failed'}],
    [
      'that ended for want of memory says so',
      {now: {...NEW, ...ENDED, exitCode: 137, outOfMemory: true}, is: 'failed', why: 'killed for memory'},
    ],
    ['restarted once gets another chance', {now: {...NEW, ...AGAIN, restarts: 1}, is: 'waiting'}],
    [
      'restarted twice is in a loop',
      {now: {...NEW, ...AGAIN, restarts: 2}, is: 'failed', why: 'restarts in a loop'},
    ],
    [
      'keeps no count of old restarts',
      {now: {...OLD, restarts: 4}, before: {...OLD, restarts: 3}, is: 'ready'},
    ],
    [
      'counts new restarts on top of the old',
      {
        now: {...OLD, ...AGAIN, restarts: 5},
        before: {...OLD, restarts: 3},
        is: 'failed',
        why: 'restarts in a loop',
      },
    ],
    [
      'in a new container starts counting anew',
      {
        now: {...NEW, ...AGAIN, restarts: 2},
        before: {...OLD, restarts: 3},
        is: 'failed',
        why: 'restarts in a loop',
      },
    ],
    [
      'fails again in a Swarm, which keeps five failures',
      {
        now: {...OLD, state: 'restarting', restarts: 5, failedTasks: ['3', '4', '5', '6', '7']},
        before: {...OLD, state: 'restarting', restarts: 5, failedTasks: ['1', '2', '3', '4', '5']},
        is: 'failed',
        why: 'restarts in a loop',
      },
    ],
    [
      'that failed in a Swarm before the start is waited for',
      {
        now: {...OLD, state: 'restarting', restarts: 5, failedTasks: ['2', '3', '4', '5', '6']},
        before: {...OLD, state: 'restarting', restarts: 5, failedTasks: ['1', '2', '3', '4', '5']},
        is: 'waiting',
      },
    ],
    [
      'killed for memory before the start is ready',
      {now: {...OLD, outOfMemory: true, restarts: 1}, before: {...OLD, restarts: 1}, is: 'ready'},
    ],
    ['whose health check fails is waited for', {now: unhealthy(NEW, 9), is: 'waiting'}],
    [
      'unhealthy since before is waited for',
      {now: unhealthy(OLD, 10), before: unhealthy(OLD, 7), is: 'waiting'},
    ],
    [
      'stopped to be restarted is waited for',
      {
        now: {...OLD, ...ENDED, exitCode: 143, since: '2026-11-23T02:05:00Z'},
        before: unhealthy(OLD, 7),
        phase: 'starting',
        is: 'waiting',
      },
    ],
    [
      'restarted during the start is ready at once',
      {now: {...OLD, since: '2026-11-23T02:05:00Z'}, before: OLD, phase: 'starting', is: 'ready'},
    ],
    ['that is paused is waited for', {now: {...NEW, state: 'paused', health: 'none'}, is: 'waiting'}],
  ]

  test('a restart is told with the last exit status', () => {
    expect(checkReadiness({...NEW, ...AGAIN, restarts: 1}, undefined, 'started')).toEqual({
      is: 'waiting',
      detail: 'exited with status 1 and was restarted',
    })
  })

  test.each(cases)('%s', (_, {now, before, phase = 'started', is, why}) => {
    expect(checkReadiness(now, before, phase)).toMatchObject({is, ...(why && {why})})
  })
})

describe('a job', () => {
  const cases: [string, Case][] = [
    ['that does not exist yet is waited for', {now: undefined, is: 'waiting'}],
    ['at work is waited for, healthy or not', {now: NEW, is: 'waiting'}],
    ['is ready when it ended well', {now: {...NEW, ...ENDED}, is: 'ready'}],
    ['that ended otherwise has failed', {now: {...NEW, ...ENDED, exitCode: 3}, is: 'failed', why: 'failed'}],
    [
      'that failed last time will run again',
      {
        now: {...OLD, ...ENDED, exitCode: 3},
        before: {...OLD, ...ENDED, exitCode: 3},
        phase: 'starting',
        is: 'waiting',
      },
    ],
    [
      'that failed once more has failed',
      {
        now: {...OLD, ...ENDED, exitCode: 3, since: '2026-11-23T02:05:00Z'},
        before: {...OLD, ...ENDED, exitCode: 3},
        phase: 'starting',
        is: 'failed',
        why: 'failed',
      },
    ],
    [
      'that ended well last time is ready afterwards',
      {now: {...OLD, ...ENDED}, before: {...OLD, ...ENDED}, is: 'ready'},
    ],
  ]

  test.each(cases)('%s', (_, {now, before, phase = 'started', is, why}) => {
    expect(checkJobReadiness(now, before, phase)).toMatchObject({is, ...(why && {why})})
  })
})

function unhealthy(state: ServiceState, failedChecks: number): ServiceState {
  return {...state, health: 'unhealthy', failedChecks}
}

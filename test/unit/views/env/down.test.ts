import {expect, test} from 'vitest'
import {screens} from '../../../helpers/screens.js'
import type {DownPlan, DownReport} from '../../../../src/env/down.js'
import {downLoss, downSummary, downUpdate} from '../../../../src/views/env/down.js'

const REPORT: DownReport = {
  project: 'aquastream-dev',
  profile: 'dev',
  stopped: ['redis', 'user'],
  deleted: [],
  dockerProblem: null,
}
const FLAGS = '--profile dev --env-file my.env'
const DELETED = ['aquastream-dev_pgdata', 'aquastream-dev_redisdata']

test('a stop keeps the data', () => {
  expect(screens(() => downSummary(REPORT, FLAGS))).toMatchInlineSnapshot(`
    "=== 80 columns
    Project aquastream-dev is stopped. Its data is kept; aquastream env:up --profile
    dev --env-file my.env starts it again.
    === 40 columns
    Project aquastream-dev is stopped. Its
    data is kept; aquastream env:up
    --profile dev --env-file my.env starts
    it again."
  `)
})

test('a stop with the volumes names them', () => {
  expect(screens(() => downSummary({...REPORT, deleted: DELETED}, FLAGS))).toMatchInlineSnapshot(`
    "=== 80 columns
    Project aquastream-dev is stopped. Its data was deleted: aquastream-dev_pgdata,
    aquastream-dev_redisdata.
    === 40 columns
    Project aquastream-dev is stopped. Its
    data was deleted: aquastream-dev_pgdata,
    aquastream-dev_redisdata."
  `)
})

test('a project that was not running is reported', () => {
  const report = {...REPORT, stopped: [], dockerProblem: 'no Docker engine answers at /run/docker.sock'}
  expect(screens(() => downSummary(report, FLAGS))).toMatchInlineSnapshot(`
    "=== 80 columns
    Project aquastream-dev was not running; nothing was changed.
    Docker could not be queried: no Docker engine answers at /run/docker.sock. If
    the stack runs on Docker, run this command again when Docker is available.
    === 40 columns
    Project aquastream-dev was not running;
    nothing was changed.
    Docker could not be queried: no Docker
    engine answers at /run/docker.sock. If
    the stack runs on Docker, run this
    command again when Docker is available."
  `)
})

test('the question names what is deleted', () => {
  const plan = {project: 'aquastream-dev', volumes: DELETED} as unknown as DownPlan
  expect(downLoss(plan)).toBe(
    'This deletes all data of project aquastream-dev: aquastream-dev_pgdata, aquastream-dev_redisdata',
  )
})

test('progress counts the services', () => {
  const event = {type: 'stop', state: 'started'} as const
  expect([
    downUpdate({...event, services: 1}),
    downUpdate({...event, services: 12}),
    downUpdate({...event, state: 'done', services: 12}),
  ]).toEqual([
    {task: 'stop', state: 'running', detail: '1 service'},
    {task: 'stop', state: 'running', detail: '12 services'},
    {task: 'stop', state: 'done', detail: 'done'},
  ])
})

import {expect, test} from 'vitest'
import {findUnhealthy, type StatusReport} from '../../src/env/status.js'
import type {ServiceRow} from '../../src/env/service-rows.js'
import {serviceRow} from '../helpers/service-rows.js'

function problemOf(...services: ServiceRow[]) {
  const report: StatusReport = {
    project: 'aquastream-stage',
    profile: 'stage',
    engine: 'compose',
    dockerProblem: null,
    healthy: false,
    services,
  }
  return findUnhealthy(report)
}

const MISSING = {state: 'missing', health: 'none'} as const
const CREATED = {state: 'created', health: 'none'} as const
const EXITED = {state: 'exited', health: 'none'} as const

test('the job that failed is the root, not what waits for it', () => {
  const rows = [
    serviceRow('postgres'),
    serviceRow('minio', MISSING),
    serviceRow('user', CREATED),
    serviceRow('postgres-schemas', EXITED),
  ]
  expect(problemOf(...rows)).toEqual({
    code: 'not-healthy',
    message: 'the job postgres-schemas failed; minio, user are not healthy',
    hint: 'find the cause in the log: aquastream logs postgres-schemas --profile stage',
  })
})

test('a service that ran is the root of those that need it', () => {
  const rows = [
    serviceRow('minio', MISSING),
    serviceRow('user', {health: 'unhealthy'}),
    serviceRow('redis', {health: 'unhealthy'}),
  ]
  expect(problemOf(...rows)).toMatchObject({
    message: 'minio, user, redis are not healthy',
    hint: 'find the cause in the log: aquastream logs redis --profile stage; start it again: aquastream env:restart redis --profile stage',
  })
})

test('a service without a log is started', () => {
  expect(problemOf(serviceRow('postgres'), serviceRow('media', MISSING))).toMatchObject({
    message: 'media is not healthy',
    hint: 'start it: aquastream env:up --profile stage',
  })
})

test('a service in a restart loop is not restarted once more', () => {
  const row = serviceRow('user', {state: 'restarting', health: 'unhealthy'})
  expect(problemOf(row, serviceRow('redis'))?.hint).toBe(
    'find the cause in the log: aquastream logs user --profile stage',
  )
})

test('a stopped service can be started again', () => {
  expect(problemOf(serviceRow('user', EXITED), serviceRow('redis'))?.hint).toMatch(
    /start it again: aquastream env:restart user --profile stage$/,
  )
})

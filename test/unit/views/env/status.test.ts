import {stripVTControlCharacters} from 'node:util'
import {expect, test} from 'vitest'
import {statusTable} from '../../../../src/views/env/status.js'
import type {ServiceRow} from '../../../../src/env/service-rows.js'

test('the status on Swarm shows an update that goes on', () => {
  const row: ServiceRow = {
    service: 'user',
    state: 'running',
    health: 'healthy',
    since: null,
    restarts: 0,
    memory: null,
    image: 'user:1',
    stub: false,
    url: null,
    note: null,
    tasks: [{node: 'node-1', state: 'running'}],
    update: 'rollback_started',
  }
  const report = {project: 'p', profile: 'prod' as const, dockerProblem: null, healthy: true}
  const tableOf = (rows: ServiceRow[]) =>
    stripVTControlCharacters(statusTable({...report, engine: 'swarm', services: rows}))
  expect(tableOf([row])).toContain('rollback started')
  expect(tableOf([{...row, tasks: null, update: null}])).not.toContain('update')
})

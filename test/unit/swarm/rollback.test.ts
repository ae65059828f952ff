import {describe, expect, test} from 'vitest'
import type {StoredUpdate} from '../../../src/engines/swarm/cluster/history.js'
import type {SwarmService} from '../../../src/engines/swarm/objects.js'
import {choosePrevious} from '../../../src/engines/swarm/deploy/rollback.js'
import type {ServiceSpec} from '../../../src/engines/swarm/translate/spec.js'

describe('the version that a rollback returns to', () => {
  const first = update('1', {user: ['A', 'B'], gateway: ['A', 'B']})

  test('a rollback returns every service of the update', () => {
    expect(choose([first], {user: 'B', gateway: 'B'})).toEqual({user: 'A', gateway: 'A'})
  })

  test('a killed update counts for what it updated', () => {
    const killed = update('2', {user: ['B', 'C'], gateway: ['B', 'C']})
    expect(choose([killed, first], {user: 'C', gateway: 'B'})).toEqual({user: 'B'})
  })

  test('after an update that was rolled back, only named services go further back', () => {
    const failed = update('2', {gateway: ['B', 'C']})
    expect(choose([failed, first], {user: 'B', gateway: 'B'})).toEqual({})
    expect(choose([failed, first], {user: 'B', gateway: 'B'}, ['gateway'])).toEqual({gateway: 'A'})
  })

  test('a named service returns from its own last update', () => {
    const second = update('2', {user: ['B', 'C']})
    expect(choose([second, first], {user: 'C', gateway: 'B'}, ['gateway'])).toEqual({gateway: 'A'})
  })

  test('a second rollback undoes the first one', () => {
    const back = update('2', {user: ['B', 'A']})
    expect(choose([back, first], {user: 'A', gateway: 'B'})).toEqual({user: 'B'})
  })

  test('a stack that was removed and created again has no earlier version', () => {
    const again = update('2', {user: [null, 'B'], gateway: [null, 'B']})
    expect(choose([again, first], {user: 'B', gateway: 'B'})).toEqual({})
    expect(choose([again, first], {user: 'B', gateway: 'B'}, ['user'])).toEqual({})
  })

  test('a new service does not hide the update of the others', () => {
    const added = update('2', {event: [null, 'A']})
    expect(choose([added, first], {user: 'B', gateway: 'B', event: 'A'})).toEqual({user: 'A', gateway: 'A'})
  })

  test('a service that was never updated stays', () => {
    const created = update('0', {user: [null, 'A']})
    expect(choose([created], {user: 'A'})).toEqual({})
  })
})

/** The image to which each service would return. */
function choose(updates: StoredUpdate[], running: Record<string, string>, names: string[] = []) {
  const services = Object.entries(running).map(
    ([name, version]) => ({Spec: {...specOf(version), Name: `p_${name}`}}) as unknown as SwarmService,
  )
  const versions = choosePrevious(updates, services, names)
  return Object.fromEntries(versions.map(({service, to}) => [service, to]))
}

function update(id: string, changes: Record<string, [from: string | null, to: string]>): StoredUpdate {
  return {
    id,
    at: `2026-01-0${id}T00:00:00Z`,
    createdAt: `2026-01-0${id}T00:00:00Z`,
    by: 'user@host',
    command: 'env:up',
    results: {},
    changes: Object.entries(changes).map(([service, [from, to]]) => ({
      service,
      from: from === null ? null : specOf(from),
      to: specOf(to),
    })),
  }
}

function specOf(version: string): ServiceSpec {
  const labels = {'aquastream.project': 'p', 'aquastream.spec': version, 'aquastream.image': version}
  return {Labels: labels} as unknown as ServiceSpec
}

import {describe, expect, test} from 'vitest'
import type {Engine} from '../../src/engines/engine.js'
import {labelFor, ownersIn, withRestoreHint} from '../../src/env/updates/backup.js'
import {withDependents} from '../../src/env/updates/interruption.js'
import {AquastreamError} from '../../src/errors.js'
import type {ServiceState} from '../../src/stack/state.js'

describe('the label of a backup before an update', () => {
  test.each([
    ['aquastream/backend-user:1.4.0', 'before-1.4.0'],
    ['registry.local:5000/backend-user', 'before-latest'],
    [`registry.local/backend-user:2@sha256:${'ab'.repeat(32)}`, 'before-abababababab'],
    [`sha256:${'cd'.repeat(32)}`, 'before-cdcdcdcdcdcd'],
    ["user:1'; DROP--\u001B[2J", 'before-1---DROP----2J'],
  ])('of image %j is %s', (image, label) => {
    expect(labelFor([owner(image)])).toBe(label)
  })

  test('several versions are in one label, each once', () => {
    expect(labelFor(['a:2', 'b:2', 'c:3'].map(owner))).toBe('before-2_3')
  })

  test('a version of any length has a short label', () => {
    const images = ['x', 'y', 'z'].map(letter => `user:${letter.repeat(128)}`)
    expect(labelFor(images.map(owner)).length).toBeLessThanOrEqual(100)
  })
})

test('only a new image of a schema owner needs a backup', () => {
  const images = {from: 'a:1', to: 'a:2'}
  const change = {action: 'recreate' as const, reason: ''}
  const changes = [
    {...change, service: 'user', images},
    {...change, service: 'event'},
    {...change, service: 'gateway', images},
  ]
  expect(ownersIn(changes)).toEqual([{service: 'user', schema: 'user', image: 'a:2'}])
})

describe('the hint of a failed update', () => {
  const OLD = stateOf({image: 'old', health: 'healthy', changedAt: '1'})

  test.each([
    ['an update that has not begun', OLD],
    ['a new container that was never started', stateOf({id: '2', image: 'new', state: 'created'})],
    ['a service that works with its new image', stateOf({id: '2', image: 'new', health: 'healthy'})],
    ['a service that is gone', undefined],
  ])('it restores nothing after %s', async (_, now) => {
    expect(await hintAfter(now)).toBe('fix it')
  })

  test.each([
    ['fails with its new image', stateOf({id: '2', image: 'new', state: 'restarting'})],
    ['was rolled back by Swarm', {...OLD, changedAt: '2'}],
  ])('it restores the schema of a service that %s', async (_, now) => {
    expect(await hintAfter(now)).toBe(
      'fix it; to restore the data from before the update: aquastream db:restore --schema user --from ID',
    )
  })

  async function hintAfter(now: ServiceState | undefined): Promise<string> {
    const engine = {states: async () => Promise.resolve(now ? [now] : [])} as unknown as Engine
    const error = new AquastreamError('service-failed', 'it failed', {hint: 'fix it'})
    const update = {id: 'ID', owners: [owner('new')], before: [OLD], databaseUrlSource: undefined}
    return ((await withRestoreHint(error, update, engine)) as AquastreamError).hint
  }
})

test('what depends on a replaced service is interrupted, too', () => {
  expect(withDependents(['minio'])).toEqual(['minio', 'media'])
  expect(withDependents(['gateway'])).toEqual(['gateway', 'edge'])
})

function owner(image: string) {
  return {service: 'user', schema: 'user', image}
}

function stateOf(state: Partial<ServiceState>): ServiceState {
  return {service: 'user', id: '1', state: 'running', health: 'none', ...state} as ServiceState
}

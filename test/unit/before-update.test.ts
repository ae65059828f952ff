import {describe, expect, test} from 'vitest'
import {labelFor, ownersIn} from '../../src/env/updates/backup.js'
import {withDependents} from '../../src/env/updates/interruption.js'

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

test('what depends on a replaced service is interrupted, too', () => {
  expect(withDependents(['minio'])).toEqual(['minio', 'media'])
  expect(withDependents(['gateway'])).toEqual(['gateway', 'edge'])
})

function owner(image: string) {
  return {service: 'user', schema: 'user', image}
}

import {expect, test} from 'vitest'
import type {SwarmService} from '../../../src/engines/swarm/objects.js'
import {inOrder} from '../../../src/engines/swarm/deploy/manage.js'

test('a restart goes from the data to edge', () => {
  const services = ['edge', 'gateway', 'user', 'redis'].map(
    name => ({Spec: {Name: `p_${name}`, Labels: {'aquastream.project': 'p'}}}) as unknown as SwarmService,
  )
  expect(inOrder(services).map(({Spec: {Name: name}}) => name)).toEqual([
    'p_redis',
    'p_user',
    'p_gateway',
    'p_edge',
  ])
})

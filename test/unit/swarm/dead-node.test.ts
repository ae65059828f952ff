import {describe, expect, test} from 'vitest'
import type {Node, SwarmService, Task} from '../../../src/engines/swarm/objects.js'
import {leftOf} from '../../../src/engines/swarm/deploy/ended.js'

const SERVICES = ['postgres', 'user'].map(name => {
  const Spec = {Name: `p_${name}`, Labels: {'aquastream.project': 'p'}}
  return {ID: name, Spec} as unknown as SwarmService
})
const NODES = [node('live', 'ready'), node('dead', 'down'), node('late', 'unknown')]

describe('the end of containers on a dead node', () => {
  test('a container on a live node is waited for', () => {
    expect(left([task('user', 'live')])).toEqual({isEmpty: false, silent: undefined})
    expect(left([task('user', 'live', 'shutdown')])).toEqual({isEmpty: true, silent: undefined})
  })

  test('a backend on a dead node is not waited for', () => {
    expect(left([task('user', 'dead')])).toEqual({isEmpty: true, silent: undefined})
  })

  test('a database on a dead node may still write', () => {
    expect(left([task('postgres', 'dead')]).silent).toEqual({service: 'postgres', node: 'dead'})
    expect(left([task('postgres', 'dead', 'orphaned')]).silent).toBeUndefined()
  })

  test('after the election of a leader, a node is waited for until it answers', () => {
    for (const service of ['postgres', 'user'])
      expect(left([task(service, 'late')])).toEqual({isEmpty: false, silent: undefined})
  })

  test('a node that was removed meanwhile is not called silent', () => {
    expect(left([task('postgres', 'gone')])).toEqual({isEmpty: false, silent: undefined})
  })
})

function left(tasks: Task[]) {
  return leftOf({services: SERVICES, tasks}, NODES)
}

function task(service: string, on: string, state = 'running'): Task {
  return {ServiceID: service, NodeID: on, Status: {State: state}} as unknown as Task
}

function node(name: string, state: string): Node {
  return {ID: name, Description: {Hostname: name}, Status: {State: state}} as unknown as Node
}

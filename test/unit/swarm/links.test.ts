import {expect, test} from 'vitest'
import type {Node} from '../../../src/engines/swarm/objects.js'
import {describeLinks} from '../../../src/engines/swarm/nodes/examine.js'
import {reportOf} from '../../../src/engines/swarm/nodes/links.js'
import type {ProbeTask} from '../../../src/engines/swarm/nodes/probe.js'

const NODES = [node('a', '10.0.0.1'), node('b', '10.0.0.2')]
const RECORDED = '2026-01-01T00:00:10.5Z'

test('nodes that reach each other have no problem', () => {
  expect(problemsOf([task('a'), task('b')])).toEqual([])
})

test('a blocked connection is named with both addresses', () => {
  const [problem, ...others] = problemsOf([task('a', {status: 101}), task('b')])
  expect(problem).toMatchObject({message: 'containers on a do not reach those on b'})
  expect(problem?.hint).toContain('4789/udp between 10.0.0.1 (a) and 10.0.0.2 (b)')
  expect(others).toEqual([])
})

test('a container that could not call says nothing', () => {
  expect(problemsOf([task('a', {status: 127}), task('b', {status: 101, state: 'running'})])).toEqual([])
})

test.each([
  ['2026-01-01T00:01:10Z', 'the clock of b is 60 s ahead of that of the managers'],
  ['2026-01-01T00:00:00.5Z', 'the clock of b is 10 s behind that of the managers'],
])('a node whose clock is wrong is named: %s', (at, message) => {
  expect(problemsOf([task('a'), task('b', {at})])).toMatchObject([{message}])
})

function problemsOf(tasks: ProbeTask[]) {
  return describeLinks(reportOf(tasks, {nodes: NODES, targets: NODES}))
}

function task(on: string, {status = 0, state = 'complete', at = '2026-01-01T00:00:10Z'} = {}): ProbeTask {
  return {
    NodeID: on,
    UpdatedAt: RECORDED,
    Status: {Timestamp: at, State: state, ContainerStatus: {ContainerID: 'c', ExitCode: status}},
  } as ProbeTask
}

function node(name: string, address: string): Node {
  return {ID: name, Description: {Hostname: name}, Status: {State: 'ready', Addr: address}} as unknown as Node
}

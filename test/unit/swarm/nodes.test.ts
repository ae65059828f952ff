import {expect, test} from 'vitest'
import {assess} from '../../../src/doctor/servers.js'
import {nodesSchema} from '../../../src/engines/swarm/objects.js'

const JOINED = {
  ID: 'n2',
  Version: {Index: 1},
  Spec: {Name: 'rack-7', Role: 'manager', Availability: 'active'},
  Description: {Engine: {}},
  Status: {State: 'unknown'},
  ManagerStatus: {},
}

test('a node that has joined and has not yet reported has its ID as its name', () => {
  const [node, silent] = nodesSchema.parse([JOINED, {...JOINED, Description: undefined}])
  expect(node?.Description).toEqual({Hostname: 'n2', Engine: {EngineVersion: ''}})
  expect(silent?.Description).toEqual(node?.Description)
})

test('what a user has set of a node is kept', () => {
  const [node] = nodesSchema.parse([JOINED])
  expect(node?.Spec).toEqual({...JOINED.Spec, Labels: {}})
})

test('a server without a version does not differ from the others', () => {
  const server = {isReady: true, isManager: false, holdsData: false}
  const [answer] = assess([
    {...server, name: 'a', version: '26.1.5'},
    {...server, name: 'b', version: ''},
  ])
  expect(answer).toMatchObject({message: 'all 2 nodes answer'})
})

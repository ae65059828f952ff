import {expect, test} from 'vitest'
import type {Node} from '../../../src/engines/swarm/api/objects.js'
import {needsOf} from '../../../src/engines/swarm/deploy/probe.js'
import type {ServiceSpec} from '../../../src/engines/swarm/translate/spec.js'

const DATA = ['node.labels.aquastream.data==true']

test('a data node elsewhere is asked for its images', () => {
  const nodes = [node('own'), node('data', {isData: true})]
  expect(asked([spec('postgres', DATA), spec('user')], nodes)).toEqual({
    postgres: ['data'],
    user: ['own', 'data'],
  })
})

test('this node alone is not asked', () => {
  expect(asked([spec('postgres', DATA), spec('user')], [node('own', {isData: true})])).toEqual({})
})

test('a node that is down is not asked', () => {
  expect(asked([spec('user')], [node('own'), node('other', {state: 'down'})])).toEqual({})
})

function asked(specs: ServiceSpec[], nodes: Node[]) {
  const needs = needsOf(specs, nodes, 'own')
  return Object.fromEntries(needs.map(({image, nodes: found}) => [image, found.map(({ID}) => ID)]))
}

function spec(image: string, constraints: string[] = []): ServiceSpec {
  return {
    Labels: {'aquastream.image': image},
    TaskTemplate: {ContainerSpec: {Image: image}, Placement: {Constraints: constraints}},
  } as unknown as ServiceSpec
}

function node(name: string, {isData = false, state = 'ready'} = {}): Node {
  return {
    ID: name,
    Spec: {Labels: isData ? {'aquastream.data': 'true'} : {}, Availability: 'active'},
    Status: {State: state},
  } as unknown as Node
}

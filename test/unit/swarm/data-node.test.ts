import {describe, expect, test} from 'vitest'
import type {Node} from '../../../src/engines/swarm/api/objects.js'
import {
  type DataPlace,
  findDataNodeProblem,
  listDataVolumes,
} from '../../../src/engines/swarm/cluster/data-node.js'
import {FakeEngine} from '../../helpers/fake-engine.js'

const FIRST_START = {own: 'id-a', hasStacks: false, isKnown: false, hasVolumes: false}
const LATER_START = {own: 'id-a', hasStacks: true, isKnown: true, hasVolumes: true}

describe('where the data services start', () => {
  test('the first stack of a Swarm may label this node', () => {
    expect(problemOf({...FIRST_START, nodes: [node('a'), node('b')]})).toBeUndefined()
  })

  test('a label that was lost is not set blindly', () => {
    expect(problemOf({...LATER_START, nodes: [node('a'), node('b')]})).toContain('no node is labelled')
  })

  test('two labelled nodes are refused by their names', () => {
    const nodes = [node('a', {isData: true}), node('b', {isData: true})]
    expect(problemOf({...LATER_START, nodes})).toContain('a and b are both labelled')
  })

  test.each([
    ['down', {isData: true, state: 'down'}],
    ['drain', {isData: true, availability: 'drain'}],
  ])('a data node that cannot run tasks is refused: %s', (word, options) => {
    expect(problemOf({...LATER_START, nodes: [node('a', options)]})).toBe(
      `a, the node that holds the data, is ${word}`,
    )
  })

  test('data of Compose on this node is not left behind', () => {
    const nodes = [node('a'), node('b', {isData: true})]
    expect(problemOf({...FIRST_START, hasVolumes: true, nodes})).toContain('would start on b')
    expect(problemOf({...FIRST_START, nodes})).toBeUndefined()
    expect(problemOf({...LATER_START, nodes})).toBeUndefined()
  })
})

test('volumes on another node are not reported as deleted', async () => {
  await using engine = await FakeEngine.open()
  engine.setNode({state: 'active', manager: true})
  const nodes = [{...node('a'), ID: 'n1'}, node('b', {isData: true})]
  engine.answers.set('GET /nodes', {status: 200, body: nodes})
  await expect(listDataVolumes('p')).rejects.toMatchObject({
    code: 'swarm-node',
    message: 'the volumes of p are on b, not on this node',
  })
})

function problemOf(place: DataPlace): string | undefined {
  return findDataNodeProblem('p', place)?.message
}

function node(name: string, {isData = false, state = 'ready', availability = 'active'} = {}): Node {
  return {
    ID: `id-${name}`,
    Version: {Index: 1},
    Spec: {Labels: isData ? {'aquastream.data': 'true'} : {}, Role: 'manager', Availability: availability},
    Description: {Hostname: name, Engine: {EngineVersion: '26.1.5'}},
    Status: {State: state, Addr: '10.0.0.1'},
  }
}

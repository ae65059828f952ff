import {afterAll, beforeAll, describe, expect, test, vi} from 'vitest'
import type {Node} from '../../../src/engines/swarm/objects.js'
import {
  type DataPlace,
  describeOtherNode,
  findDataElsewhere,
  findDataNodeProblem,
  listDataVolumes,
  readDataPlace,
  requireDataNode,
} from '../../../src/engines/swarm/cluster/data-node.js'
import {writeRecord} from '../../../src/engines/swarm/cluster/data-record.js'
import {FakeEngine} from '../../helpers/fake-engine.js'

vi.mock('../../../src/engines/compose/containers/states.js', async importOriginal => ({
  ...(await importOriginal<object>()),
  listVolumes: async () => Promise.resolve([]),
}))

const RECORD = {node: 'id-a', name: 'a'}
const FIRST_START = {
  own: 'id-a',
  hasStacks: false,
  isKnown: false,
  isRunning: false,
  hasVolumes: false,
  record: undefined,
}
const LATER_START = {
  own: 'id-a',
  hasStacks: true,
  isKnown: true,
  isRunning: true,
  hasVolumes: true,
  record: RECORD,
}

let engine: FakeEngine

beforeAll(async () => {
  engine = await FakeEngine.open()
})

afterAll(async () => engine[Symbol.asyncDispose]())

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
    expect(problemOf({...LATER_START, record: undefined, nodes})).toBeUndefined()
  })

  test('data is not left behind on the node where the stack has run', () => {
    const nodes = [node('a'), node('b', {isData: true})]
    expect(problemOf({...LATER_START, nodes})).toContain('the data of p is on a, but b is labelled')
    expect(problemOf({...LATER_START, nodes: [node('a', {isData: true}), node('b')]})).toBeUndefined()
    const gone = {node: 'id-gone', name: 'a'}
    const again = findDataNodeProblem('p', {...LATER_START, record: gone, nodes})
    expect(again?.hint).toContain('docker config rm p_data-node')
  })

  test.each([{availability: 'drain'}, {availability: 'pause'}])(
    'a node that runs no tasks does not become the data node: %o',
    options => {
      const problem = findDataNodeProblem('p', {...FIRST_START, nodes: [node('a', options), node('b')]})
      expect(problem?.message).toContain('a runs no tasks')
      expect(problem?.hint).toContain('--label-add aquastream.data=true')
    },
  )

  test('a start on another node is confirmed, also after a time on Compose', () => {
    const nodes = [node('a'), node('b', {isData: true})]
    expect(describeOtherNode('p', {...FIRST_START, nodes})).toContain('will start on b')
    expect(describeOtherNode('p', {...LATER_START, isRunning: false, nodes})).toContain('will start on b')
    expect(describeOtherNode('p', {...FIRST_START, own: 'id-b', nodes})).toBeUndefined()
    expect(describeOtherNode('p', {...LATER_START, nodes})).toBeUndefined()
  })
})

describe('the choice of the data node', () => {
  test('this node is labelled under a lock of the whole Swarm, and recorded', async () => {
    openSwarm([{...node('a'), ID: 'n1'}])
    engine.answers.set('POST /nodes/n1/update', {status: 200, body: {}})
    await requireDataNode('p', new AbortController().signal)
    const changes = engine.requests.filter(({method}) => method !== 'GET')
    expect(
      changes.map(({method, path, body}) => [method, path, (body as {Name?: string} | undefined)?.Name]),
    ).toEqual([
      ['POST', '/configs/create', 'aquastream.data-node_lock'],
      ['POST', '/nodes/n1/update', undefined],
      ['DELETE', '/configs/c1', undefined],
      ['POST', '/configs/create', 'p_data-node'],
    ])
    expect(changes[1]?.body).toMatchObject({Labels: {'aquastream.data': 'true'}})
    const {Data: data} = changes[3]!.body as {Data: string}
    expect(JSON.parse(Buffer.from(data, 'base64').toString())).toEqual({node: 'n1', name: 'a'})
  })

  test('a node that another stack has labelled meanwhile is used', async () => {
    const nodes = [{...node('a'), ID: 'n1'}, node('b')]
    openSwarm(nodes)
    engine.answers.set('POST /configs/create', response => {
      nodes[1] = node('b', {isData: true})
      response.writeHead(201).end('{"ID": "c1"}')
    })
    await requireDataNode('p', new AbortController().signal)
    expect(engine.requests.map(({path}) => path)).not.toContain('/nodes/n1/update')
    const {Data: data} = engine.requests.at(-1)!.body as {Data: string}
    expect(JSON.parse(Buffer.from(data, 'base64').toString())).toEqual({node: 'id-b', name: 'b'})
  })
})

/** A Swarm in which nothing has ever run. */
function openSwarm(nodes: Node[]): void {
  engine.requests.length = 0
  engine.setNode({state: 'active', manager: true})
  engine.answers.set('GET /nodes', response => response.writeHead(200).end(JSON.stringify(nodes)))
  for (const path of ['/services', '/configs']) engine.answers.set(`GET ${path}`, {status: 200, body: []})
  engine.answers.set('POST /configs/create', {status: 201, body: {ID: 'c1'}})
  engine.answers.set('DELETE /configs/c1', {status: 200, body: {}})
}

test('a stack that has been removed runs no more, although the Swarm knows it', async () => {
  openSwarm([node('a')])
  const Spec = {Name: 'p_history_1', Labels: {'aquastream.project': 'p', 'aquastream.kind': 'history'}}
  const config = {ID: 'h', Version: {Index: 1}, CreatedAt: '', UpdatedAt: '', Spec}
  engine.answers.set('GET /configs', {status: 200, body: [config]})
  expect(await readDataPlace('p', new AbortController().signal)).toMatchObject({
    isKnown: true,
    isRunning: false,
  })
})

test.each([
  [
    'another node',
    'id-b',
    {code: 'refused', hint: expect.stringContaining('run the command on b') as unknown},
  ],
  ['this node', 'n1', undefined],
])('Compose does not start where the data is not: data on %s', async (_, id, expected) => {
  openSwarm([])
  await writeRecord('p', {...node('b'), ID: id}, new AbortController().signal)
  const Spec = engine.requests.at(-1)!.body
  const config = {ID: 'r', Version: {Index: 1}, CreatedAt: '', UpdatedAt: '', Spec}
  engine.answers.set('GET /configs', {status: 200, body: [config]})
  const found = await findDataElsewhere('p', new AbortController().signal)
  if (expected) expect(found).toMatchObject(expected)
  else expect(found).toBeUndefined()
})

test('volumes on another node are not reported as deleted', async () => {
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

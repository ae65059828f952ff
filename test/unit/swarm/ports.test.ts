import {once} from 'node:events'
import {createServer} from 'node:net'
import {expect, test} from 'vitest'
import type {CheckContext} from '../../../src/doctor/check.js'
import {ports} from '../../../src/doctor/engine.js'
import type {Plan, Target} from '../../../src/engines/engine.js'
import type {DataPlace} from '../../../src/engines/swarm/cluster/data-node.js'
import {checkPorts} from '../../../src/engines/swarm/ports.js'

const DATA = {'aquastream.data': 'true'}
const EDGE = {'aquastream.edge': 'true'}

test('env:doctor says which port of a Swarm it has checked', async () => {
  expect(await doctor([node('a', DATA), node('b')])).toEqual([
    'ok',
    'the port of edge is free on 127.0.0.1, or in use by this stack',
  ])
})

test.each([
  ['the data node', [node('a'), node('b', DATA)]],
  ['a node with the label of edge', [node('a', DATA), node('b', EDGE)]],
])('the port of edge is not looked for here if edge runs on %s', async (_, nodes) => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const {port} = server.address() as {port: number}
  try {
    expect(await doctor(nodes, port)).toEqual(['skipped', 'not checked: edge runs on b'])
    expect(await doctor([node('a', {...DATA, ...EDGE}), node('b')], port)).toEqual([
      'failed',
      expect.stringContaining(`port ${port} of edge is already in use`),
    ])
  } finally {
    server.close()
  }
})

/** The verdict and the message about the ports on node a. */
async function doctor(nodes: DataPlace['nodes'], port = 1) {
  const settings = {values: {BIND: '127.0.0.1', GATEWAY_PORT: String(port)}}
  const target = {services: ['user', 'edge'], settings} as unknown as Target
  const checked = await checkPorts(target, [], {isLocal: true, place: {nodes, own: 'a'} as DataPlace})
  const plan = async () => Promise.resolve({target, ...checked} as unknown as Plan)
  const [answer] = [await ports.run({plan} as CheckContext)].flat()
  return [answer!.verdict, answer!.message]
}

function node(name: string, labels: Record<string, string> = {}) {
  const Spec = {Labels: labels, Availability: 'active'}
  return {ID: name, Spec, Description: {Hostname: name}} as unknown as DataPlace['nodes'][number]
}

import type {NetworkInterfaceInfo} from 'node:os'
import {expect, test} from 'vitest'
import {listenAddress} from '../../../src/engines/swarm/cluster/cluster.js'
import {createNetworks} from '../../../src/engines/swarm/cluster/store.js'
import {FakeEngine} from '../../helpers/fake-engine.js'

const ETH0 = {
  eth0: [{address: '10.0.0.5'}, {address: 'fd00::5'}] as NetworkInterfaceInfo[],
}

test.each([
  ['10.0.0.5', '10.0.0.5:2377'],
  ['fd00::5', '[fd00::5]:2377'],
  ['203.0.113.1', '0.0.0.0:2377'],
  [undefined, '0.0.0.0:2377'],
])('a manager listens where others reach it: %s', (address, expected) => {
  expect(listenAddress(address, ETH0)).toBe(expected)
})

test('networks are encrypted where the setting says so', async () => {
  await using engine = await FakeEngine.open()
  engine.answers.set('GET /networks', {status: 200, body: []})
  engine.answers.set('POST /networks/create', {status: 201, body: {Id: 'n'}})
  const networks = ['plain', 'secret'].map(name => ({
    name,
    internal: false,
    encrypted: name === 'secret',
    labels: {},
  }))
  await createNetworks('p', networks, new AbortController().signal)
  const created = engine.requests.filter(({path}) => path === '/networks/create').map(({body}) => body)
  expect(created).toMatchObject([{Name: 'plain'}, {Name: 'secret', Options: {encrypted: ''}}])
  expect(created[0]).not.toHaveProperty('Options')
})

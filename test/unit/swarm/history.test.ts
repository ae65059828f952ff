import {expect, test} from 'vitest'
import {changesOf} from '../../../src/engines/swarm/deploy/steps.js'
import type {ServiceSpec} from '../../../src/engines/swarm/translate/spec.js'
import {FakeEngine, FakeService} from '../../helpers/fake-engine.js'

test('the history has the names of networks, which can get other IDs', async () => {
  await using engine = await FakeEngine.open()
  engine.networks.set('p_net', 'id-of-net')
  const service = new FakeService(engine, specOf('old'))
  expect(service.read().Spec).toMatchObject({TaskTemplate: {Networks: [{Target: 'id-of-net'}]}})
  const step = {name: 'user', spec: specOf('new'), service: service.read()}
  const [change] = await changesOf([step], {project: 'p', signal: new AbortController().signal})
  expect(change?.from?.TaskTemplate.Networks).toEqual([{Target: 'p_net', Aliases: ['user']}])
})

function specOf(version: string): ServiceSpec {
  const labels = {'aquastream.project': 'p', 'aquastream.spec': version}
  return {
    Name: 'p_user',
    Labels: labels,
    TaskTemplate: {
      ContainerSpec: {Image: 'i', Labels: labels},
      Networks: [{Target: 'p_net', Aliases: ['user']}],
    },
    Mode: {Replicated: {Replicas: 1}},
  } as unknown as ServiceSpec
}

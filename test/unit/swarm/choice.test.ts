import {afterAll, beforeAll, beforeEach, describe, expect, test, vi} from 'vitest'
import {listContainers} from '../../../src/engines/compose/containers/states.js'
import {composeEngine} from '../../../src/engines/compose/engine.js'
import {enginesOf, openEngine} from '../../../src/engines/open.js'
import {resolveStack, type StackContext} from '../../../src/engines/stack-context.js'
import {FakeEngine} from '../../helpers/fake-engine.js'

vi.mock('../../../src/engines/compose/containers/states.js', async importOriginal => ({
  ...(await importOriginal<object>()),
  listContainers: vi.fn(async () => Promise.resolve([])),
  runningProjects: async () => Promise.resolve(new Map()),
}))

let engine: FakeEngine

beforeAll(async () => {
  engine = await FakeEngine.open()
  engine.answers.set('GET /services', {status: 503, body: {message: 'This node is not a swarm manager.'}})
})

afterAll(async () => engine[Symbol.asyncDispose]())

beforeEach(() => {
  vi.mocked(listContainers).mockResolvedValue([])
})

describe.each([
  ['worker', {state: 'active', manager: false}, 'swarm-node'],
  ['manager without a leader', {state: 'active', manager: true}, 'engine-failed'],
])('a Swarm that cannot be read: %s', (_, node, code) => {
  beforeEach(() => {
    engine.setNode(node)
  })

  test('a stack with containers of Compose is controlled by Compose', async () => {
    vi.mocked(listContainers).mockResolvedValue([{} as Awaited<ReturnType<typeof listContainers>>[number]])
    expect((await openEngine(PROD)).name).toBe('compose')
  })

  test('another stack may run in the Swarm', async () => {
    await expect(openEngine(PROD)).rejects.toMatchObject({code})
  })

  test('dev needs no Swarm', async () => {
    const flags = {profile: undefined, envFile: undefined, dir: undefined, databaseUrl: undefined}
    const request = {flags, env: {}, directory: '/'}
    const stack = await resolveStack(request, new AbortController().signal)
    expect(stack).toMatchObject({profile: 'dev', profileSource: 'default'})
  })
})

test('what a killed removal has left in the Swarm is removed too', async () => {
  engine.answers.set('GET /secrets', {status: 200, body: []})
  engine.answers.set('GET /networks', {status: 200, body: []})
  const enginesNow = async () => (await enginesOf(PROD, composeEngine(PROD))).map(({name}) => name)
  expect(await enginesNow()).toEqual(['compose'])
  engine.answers.set('GET /networks', {status: 200, body: [{Id: 'n', Name: 'p_net'}]})
  expect(await enginesNow()).toEqual(['compose', 'swarm'])
  engine.answers.set('GET /secrets', {status: 503, body: {message: 'no manager'}})
  expect(await enginesNow()).toEqual(['compose'])
})

const PROD = {profile: 'prod', project: 'p', env: {}, engineSetting: undefined} as unknown as StackContext

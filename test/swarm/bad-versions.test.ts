import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {errorOf, expectDone} from '../helpers/cli.js'
import {GatewayUpdates} from '../helpers/gateway-updates.js'
import {Cluster} from '../helpers/swarm.js'

let cluster: Cluster
let gateway: GatewayUpdates
let good: string

beforeAll(async () => {
  cluster = await Cluster.open(1)
  gateway = await GatewayUpdates.open(cluster.nodes)
  good = await gateway.image('good')
  await gateway.image('refusing', 'SLOW_JVM_REFUSING=yes')
  await gateway.image('migration', 'SLOW_JVM_FAILS=yes')
  await gateway.image('crash', 'SLOW_JVM_EXIT_SECONDS=75')
  expectDone(await gateway.upTo(good))
})

afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await cluster[Symbol.asyncDispose]()
})

interface Bad {
  what: string
  image: string
  why: string
  log: string
  code?: string
  flags?: string
  /** Whether it is healthy for a while, so that it may answer. */
  serves?: boolean
}

const BAD: Bad[] = [
  {
    what: 'exits at once',
    image: 'aquastream-testbed/dies:latest',
    why: 'it exited with status 1',
    log: 'cannot read its configuration',
  },
  {
    what: 'cannot migrate its schema',
    image: 'aquastream-test/gateway:migration',
    why: 'it exited with status 1',
    log: 'liquibase.exception.LiquibaseException',
  },
  {
    what: 'uses more memory than its limit',
    image: 'aquastream-testbed/memory-hog:latest',
    why: 'the kernel killed it because it exceeded its memory limit (exit status 137)',
    log: 'taking memory until it is refused',
  },
  {
    what: 'serves without being ready',
    image: 'aquastream-test/gateway:refusing',
    why: 'it did not become healthy in time',
    log: 'Started Application',
    code: 'timeout',
    flags: '--timeout 40',
  },
  {
    what: 'never serves, and exits with status 0 when it is stopped',
    image: 'aquastream-testbed/never-healthy:latest',
    why: 'it did not become healthy in time',
    log: 'will never be ready',
    code: 'timeout',
    flags: '--timeout 20',
  },
  {
    what: 'exits 75 seconds after its start',
    image: 'aquastream-test/gateway:crash',
    why: 'it exited with status 1',
    log: 'A fatal error has been detected',
    serves: true,
  },
]

describe('a bad version of the gateway is rolled back, and no request fails', () => {
  test.each(BAD)('which $what', async ({what, image, why, log, code = 'service-failed', flags, serves}) => {
    const {run, load} = await gateway.underLoad(what, () => gateway.upTo(image, flags))
    expect(run.exitCode, run.stderr + run.stdout).toBe(4)
    expect(errorOf(run)).toMatchObject({
      code,
      message: `gateway was not updated to ${image}: ${why}; it was rolled back and runs ${good}`,
    })
    expect(run.stdout).toContain(log)
    expect(load.failed).toEqual([])
    if (!serves) expect([...load.bodies]).toEqual(['{"build":{"version":"good"}}'])
    expect(await gateway.imageOf('gateway')).toBe(good)
    expect(await gateway.lastChange()).toMatchObject({from: good, to: image, result: 'rolled back'})
  })
})

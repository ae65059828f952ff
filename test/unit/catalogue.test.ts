import {readFileSync} from 'node:fs'
import {CORE_SCHEMA, load, mergeTag} from 'js-yaml'
import {expect, test} from 'vitest'
import {JOBS, SERVICES, withNeeds} from '../../src/stack/catalogue.js'

const TEN = 'postgres redis minio gateway user event crew payment notification media'
const MINIO = 'minio-volume minio-bucket'

test.each([
  ['dev', '', `${TEN} mocks`, `postgres-schemas ${MINIO}`],
  ['stage', '', TEN, `postgres-schemas ${MINIO}`],
  ['stage', '', `${TEN} edge`, `postgres-schemas ${MINIO}`, 'swarm'],
  ['stage', 'edge', 'redis gateway edge', '', 'swarm'],
  ['dev', 'redis', 'redis', ''],
  ['dev', 'postgres', 'postgres', 'postgres-schemas'],
  ['dev', 'gateway', 'redis gateway', ''],
  ['dev', 'user redis user', 'postgres redis user', 'postgres-schemas'],
  ['dev', 'payment', 'postgres redis payment mocks', 'postgres-schemas'],
  ['prod', 'payment', 'postgres redis payment', 'postgres-schemas'],
  ['prod', 'media gateway', 'postgres redis minio gateway media', `postgres-schemas ${MINIO}`],
])(
  'in %s, starting "%s" includes its dependencies, in order',
  (profile, asked, services, jobs, engine?: string) => {
    const found = withNeeds(asked.split(' ').filter(Boolean), profile, engine)
    expect(found.services.map(({name}) => name).join(' ')).toBe(services)
    expect(found.jobs.map(({name}) => name).join(' ')).toBe(jobs)
  },
)

test('no two services share a port or variable', () => {
  // The edge publishes the gateway under its port.
  const ports = SERVICES.filter(({kind}) => kind !== 'edge').flatMap(service => service.ports)
  expect(new Set(ports.map(({container}) => container)).size).toBe(ports.length)
  expect(new Set(ports.map(({variable}) => variable)).size).toBe(ports.length)
})

test('the Compose file has the dependencies of the catalogue', () => {
  const {services} = load(readFileSync('infra/compose/docker-compose.yml', 'utf8'), {
    schema: CORE_SCHEMA.withTags(mergeTag),
  }) as {
    services: Record<string, {depends_on?: object}>
  }
  const isJob = (name: string): boolean => JOBS.some(job => job.name === name)
  const inCompose = SERVICES.map(({name}) => [
    name,
    Object.keys(services[name]!.depends_on ?? {}).filter(needed => !isJob(needed)),
  ])
  expect(inCompose).toEqual(SERVICES.map(({name, needs}) => [name, needs]))
})

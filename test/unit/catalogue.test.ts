import {expect, test} from 'vitest'
import {SERVICES, withNeeds} from '../../src/stack/catalogue.js'

const ALL = 'postgres redis minio gateway user event crew payment notification media'

test.each([
  ['', ALL, 'postgres-schemas minio-volume minio-bucket'],
  ['redis', 'redis', ''],
  ['postgres', 'postgres', 'postgres-schemas'],
  ['gateway', 'redis gateway', ''],
  ['user', 'postgres redis user', 'postgres-schemas'],
  ['user redis user', 'postgres redis user', 'postgres-schemas'],
  ['media gateway', 'postgres redis minio gateway media', 'postgres-schemas minio-volume minio-bucket'],
])('starting "%s" starts what it needs, in order', (asked, services, jobs) => {
  const found = withNeeds(asked.split(' ').filter(Boolean))
  expect(found.services.map(({name}) => name).join(' ')).toBe(services)
  expect(found.jobs.map(({name}) => name).join(' ')).toBe(jobs)
})

test('no two services share a port or variable', () => {
  const ports = SERVICES.flatMap(service => service.ports)
  expect(new Set(ports.map(({container}) => container)).size).toBe(ports.length)
  expect(new Set(ports.map(({variable}) => variable)).size).toBe(ports.length)
})

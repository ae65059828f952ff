import {expect, test} from 'vitest'
import {encode} from '../../../src/engines/swarm/cluster/registry-auth.js'
import {digestOf} from '../../../src/engines/swarm/stack-specs.js'

test('credentials of every length are padded for Docker', () => {
  for (const password of ['', 'a', 'ab', 'abc', '???>>>', 'ÿÿÿ']) {
    const text = encode({username: 'u', password})
    expect(text).toMatch(/^[\w-]+={0,2}$/)
    expect(text.length % 4).toBe(0)
    expect(JSON.parse(Buffer.from(text, 'base64url').toString())).toEqual({username: 'u', password})
  }
})

test.each([
  ['postgres:16-alpine', 'postgres'],
  ['docker.io/library/postgres:16-alpine', 'postgres'],
  ['docker.io/team/user:2', 'team/user'],
  ['registry.local:5000/team/user', 'registry.local:5000/team/user'],
  ['quay.io/minio/minio:latest', 'quay.io/minio/minio'],
])('the digest of %s comes from its own repository', (image, repository) => {
  const digests = ['other.local/mirror@sha256:1', `${repository}@sha256:2`]
  expect(digestOf(image, digests)).toBe(`${repository}@sha256:2`)
})

test('a digest of another repository does not count', () => {
  expect(digestOf('team/user:2', ['other.local/team/user@sha256:1'])).toBeUndefined()
})

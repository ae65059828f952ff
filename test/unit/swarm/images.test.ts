import {access, mkdtemp, rm, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, test, vi} from 'vitest'
import {encode, registryAuth} from '../../../src/engines/swarm/cluster/registry-auth.js'
import {digestOf} from '../../../src/engines/swarm/stack-specs.js'

/** The signal of a command that is not interrupted. */
const never = new AbortController().signal

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

describe('the credentials for an image', () => {
  let directory: string

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'aquastream-login-'))
    vi.stubEnv('DOCKER_CONFIG', directory)
  })

  afterEach(async () => {
    vi.unstubAllEnvs()
    await rm(directory, {recursive: true})
  })

  test.each(['team/user:2', 'docker.io/team/user:2', 'index.docker.io/team/user:2'])(
    'those of Docker Hub are found under its own name: %s',
    async image => {
      const auth = Buffer.from('u:p').toString('base64')
      await write(JSON.stringify({auths: {'https://index.docker.io/v1/': {auth}}}))
      const {'x-registry-auth': header} = await registryAuth(image, never)
      expect(JSON.parse(Buffer.from(header!, 'base64url').toString())).toMatchObject({
        username: 'u',
        password: 'p',
      })
    },
  )

  test('a broken file has none', async () => {
    await write('{"auths":')
    expect(await registryAuth('team/user:2', never)).toEqual({})
  })

  test('a helper that never answers is waited for shortly', async () => {
    await addSilentHelper()
    await expect(registryAuth('registry.test/user:2', never)).rejects.toMatchObject({
      code: 'timeout',
      message: expect.stringContaining('docker-credential-silent'),
    })
  }, 60_000)

  test('an interrupt ends the wait for a helper', async () => {
    await addSilentHelper()
    const interrupt = new AbortController()
    const answer = expect(registryAuth('registry.test/user:2', interrupt.signal)).rejects.toThrow(
      'interrupted',
    )
    await vi.waitFor(() => access(join(directory, 'asked')), {timeout: 60_000})
    interrupt.abort(new Error('interrupted'))
    await answer
  })

  /** A program that keeps credentials, says that it was asked, and never answers. */
  async function addSilentHelper(): Promise<void> {
    await write(JSON.stringify({credHelpers: {'registry.test': 'silent'}}))
    const script = `#!/bin/sh\ntouch '${directory}/asked'\nexec sleep 60\n`
    await writeFile(join(directory, 'docker-credential-silent'), script, {mode: 0o755})
    vi.stubEnv('PATH', `${directory}:${process.env.PATH}`)
  }

  const write = async (text: string) => writeFile(join(directory, 'config.json'), text)
})

import {resolve} from 'node:path'
import {afterEach, expect, test, vi} from 'vitest'
import {dockerEnvironment} from '../../src/engines/docker/options.js'

afterEach(() => {
  vi.unstubAllEnvs()
})

test.each([
  ['DOCKER_CONFIG', 'config', resolve('config')],
  ['DOCKER_CONFIG', '/etc/docker', '/etc/docker'],
  ['DOCKER_CONFIG', '', ''],
  ['DOCKER_CERT_PATH', './certificates', resolve('certificates')],
  ['DOCKER_CERT_PATH', '', ''],
  ['DOCKER_HOST', 'unix://docker.sock', `unix://${resolve('docker.sock')}`],
  ['DOCKER_HOST', 'unix:///run/docker.sock', 'unix:///run/docker.sock'],
  ['DOCKER_HOST', 'unix://', 'unix://'],
  ['DOCKER_HOST', 'tcp://127.0.0.1:2375', 'tcp://127.0.0.1:2375'],
])('%s=%s is the same path in another directory', (name, value, passed) => {
  vi.stubEnv(name, value)
  expect(dockerEnvironment()[name]).toBe(passed)
})

import {expect, test, vi} from 'vitest'
import type {Task} from '../../../src/engines/swarm/objects.js'
import {explainTask} from '../../../src/engines/swarm/deploy/explain.js'

vi.mock('../../../src/engines/docker/command.js', async importOriginal => ({
  ...(await importOriginal<object>()),
  // The container is on another node.
  tryDocker: async () => Promise.resolve({ok: false, stdout: '', stderr: ''}),
}))

test.each([
  [
    'failed',
    'task: non-zero exit (137): dockerexec: unhealthy container',
    'it was stopped because its health check failed',
  ],
  ['failed', 'task: non-zero exit (137)', 'most likely because it exceeded its memory limit'],
  ['complete', '', 'it was stopped because its health check failed'],
])('the end of a container on another node: %s, %s', async (state, error, expected) => {
  const ContainerStatus = {ContainerID: 'c', ExitCode: 137}
  const Status = {State: state, Err: error, Message: '', Timestamp: '', ContainerStatus}
  const {sentence} = await explainTask(
    'user',
    {ID: 't', Status} as unknown as Task,
    AbortSignal.timeout(5000),
  )
  expect(sentence).toContain(expected)
})

import {setTimeout as sleep} from 'node:timers/promises'
import {AquastreamError} from '../../../errors.js'
import {remove} from '../../api/client.js'
import {hasEnded, readStack} from '../cluster/services.js'
import {readTaskLog} from '../logs/task-log.js'
import {logEvidence} from '../../evidence.js'
import type {ServiceSpec} from '../translate/spec.js'
import {createService} from './apply.js'
import {type Deployment, POLL_MS} from './ended.js'

/**
 * Runs a job as a service of its own, which is removed afterwards: jobs of a stack would run again at every deployment, and
 * their containers would never be removed.
 * @throws service-failed, with the end of its log
 */
export async function runJob(name: string, spec: ServiceSpec, deployment: Deployment): Promise<void> {
  const {project, signal} = deployment
  await removeService(spec.Name, deployment)
  const id = await createService(spec, deployment)
  try {
    for (;;) {
      const {tasks} = await readStack(project, signal)
      const task = tasks.find(({ServiceID}) => ServiceID === id)
      if (task && hasEnded(task)) {
        if (task.Status.State === 'complete') return
        const {ContainerStatus: container, Err: error} = task.Status
        throw new AquastreamError(
          'service-failed',
          `the job ${name} failed: ${container ? `it exited with status ${container.ExitCode}` : error}`,
          {
            hint: 'fix the error that its log shows, then run the command again',
            evidence: logEvidence(name, await readTaskLog(task.ID, signal)),
          },
        )
      }
      await sleep(POLL_MS, undefined, {signal})
    }
  } finally {
    await removeService(id, {project, signal: new AbortController().signal})
  }
}

async function removeService(id: string, {signal}: Deployment): Promise<void> {
  await remove(`/services/${id}`, {what: 'remove a service', signal})
}

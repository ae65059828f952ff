import type {Evidence} from '../../../errors.js'
import {SERVICES} from '../../../stack/catalogue.js'
import {memoryVariable} from '../../../stack/names.js'
import {tryDocker} from '../../docker/command.js'
import {endEvidence, logEvidence} from '../../evidence.js'
import type {Cause} from '../../engine.js'
import type {Task} from '../objects.js'
import {readTaskLog} from '../logs/task-log.js'

/** The exit status of a process that SIGKILL has ended. */
const KILLED = 137
/** The exit statuses of a container that Swarm has stopped; a JVM reports SIGTERM itself. */
const STOPPED = [0, 143, KILLED]

/** What Docker Engine reports of a container that it has stopped because of its check; there is no code for it. */
const UNHEALTHY = 'unhealthy container'

/** Explains the end of a task by its state, its exit status and its log. */
export async function explainTask(
  service: string,
  task: Task,
  signal: AbortSignal,
): Promise<Cause & {evidence: Evidence[]}> {
  const {State: state, Err: error, ContainerStatus: container} = task.Status
  if (state === 'rejected') {
    const variable = SERVICES.find(({name}) => name === service)?.imageVariable
    return {
      code: 'service-failed',
      sentence: 'a node could not create its container',
      hint: `the image must exist on every node, or in a registry that they reach: check ${variable}`,
      evidence: [{title: `error of Swarm about ${service}`, lines: [error]}],
    }
  }
  const log = await readTaskLog(task.ID, signal).catch(() => [])
  const status = container?.ExitCode ?? 0
  const outOfMemory = status === KILLED && (await wasKilledForMemory(container?.ContainerID ?? ''))
  const isStopped = STOPPED.includes(status)
  const isKilled = status === KILLED && state === 'failed' && !error.includes(UNHEALTHY)
  const evidence = isStopped ? logEvidence(service, log) : endEvidence(service, log)
  if (outOfMemory || isKilled) {
    return {
      code: 'service-failed',
      sentence: outOfMemory
        ? 'the kernel killed it because it exceeded its memory limit (exit status 137)'
        : 'it was killed (exit status 137), most likely because it exceeded its memory limit',
      hint: `raise the limit, for example ${memoryVariable(service)}=1g`,
      evidence,
    }
  }
  return {
    code: 'service-failed',
    sentence: isStopped
      ? 'it was stopped because its health check failed'
      : `it exited with status ${status}`,
    hint: `full log: aquastream logs ${service}`,
    evidence,
  }
}

/** Only the node of a container knows; on another node nothing is found. */
async function wasKilledForMemory(container: string): Promise<boolean> {
  const {stdout} = await tryDocker([
    'inspect',
    '--type',
    'container',
    '--format',
    '{{.State.OOMKilled}}',
    container,
  ])
  return stdout.trim() === 'true'
}

import {setTimeout as sleep} from 'node:timers/promises'
import type {LogLine, LogQuery} from '../../engine.js'
import {mergeByTime} from '../../merge.js'
import {toTime} from '../../since.js'
import type {Task} from '../objects.js'
import {readStack, shortName, type StackTasks} from '../cluster/services.js'
import {type NamedTask, readTask, remark} from './task-log.js'

/** How often new tasks are looked for, in ms. */
const NEW_TASKS_MS = 1000

/** Lines of several tasks arrive within this time, in ms; they are put in order before they are shown. */
const ORDER_MS = 200

/** Reads the log lines of the requested services, of every node, in chronological order; then, with `follow`, new lines. */
export async function* readLogs(
  project: string,
  query: LogQuery,
  signal: AbortSignal,
): AsyncGenerator<LogLine> {
  const started = new Date().toISOString()
  const stack = await readStack(project, signal)
  const all = tasksOf(stack, query.services)
  const tasks = query.isMasked ? tasksOf(withoutOldSecrets(stack), query.services) : all
  const options = {since: query.since === undefined ? undefined : toTime(query.since), tail: query.tail}
  const services = [...new Set(tasks.map(({service}) => service))]
  yield* mergeByTime(
    services.map(name => {
      const own = tasks.filter(({service}) => service === name)
      return lastOf(mergeByTime(own.map(task => readTask(task, options, signal))), query.tail)
    }),
  )
  const left = all.filter(({id}) => tasks.every(task => task.id !== id))
  for (const name of new Set(left.map(({service}) => service))) yield remark(name, LEFT_OUT)
  if (query.follow) yield* follow(project, {services: query.services, since: started}, signal)
}

const LEFT_OUT = 'earlier containers are left out, because they ran with other secrets'

/** Only the secrets that a service has now are known, and can be masked. */
function withoutOldSecrets({services, tasks}: StackTasks): StackTasks {
  const known = new Map(
    services.map(({ID, Spec}) => [ID, secretsIn(Spec.TaskTemplate.ContainerSpec)] as const),
  )
  const isKnown = ({ServiceID, Spec}: Task): boolean =>
    secretsIn(Spec.ContainerSpec).every(name => known.get(ServiceID)?.includes(name))
  return {services, tasks: tasks.filter(isKnown)}
}

function secretsIn({Secrets: secrets}: Task['Spec']['ContainerSpec']): string[] {
  return (secrets ?? []).map(({SecretName: name}) => name)
}

/** The lines of one service: all, or the last ones of all of its tasks together. */
async function* lastOf(lines: AsyncGenerator<LogLine>, tail: number | undefined): AsyncGenerator<LogLine[]> {
  const last: LogLine[] = []
  for await (const line of lines) {
    if (tail === undefined) yield [line]
    else if (last.push(line) > tail) last.shift()
  }
  yield last
}

/** Tasks that never had a container have no log. */
function tasksOf({services, tasks}: StackTasks, wanted: string[]): NamedTask[] {
  const names = new Map(services.map(service => [service.ID, shortName(service)]))
  return tasks.flatMap(({ID: id, ServiceID, Status: status}) => {
    const service = names.get(ServiceID)
    const isWanted = service !== undefined && (wanted.length === 0 || wanted.includes(service))
    return isWanted && status.ContainerStatus?.ContainerID ? [{id, service}] : []
  })
}

/** Follows the tasks that run, and those that start later. */
async function* follow(
  project: string,
  {services, since}: {services: string[]; since: string},
  signal: AbortSignal,
): AsyncGenerator<LogLine> {
  const followed = new Set<string>()
  /** The time of the last line of each task, after which a reader that failed goes on. */
  const last = new Map<string, string>()
  let lines: LogLine[] = []
  const add = async (task: NamedTask): Promise<void> => {
    const shown = last.get(task.id)
    for await (const batch of readTask(task, {since: shown ?? since, follow: true}, signal)) {
      const fresh = batch.filter(({time}) => shown === undefined || time > shown)
      lines.push(...fresh)
      last.set(task.id, fresh.at(-1)?.time ?? last.get(task.id) ?? since)
    }
  }
  for (let pause = 0; ; pause = (pause + ORDER_MS) % NEW_TASKS_MS) {
    if (pause === 0) {
      for (const task of tasksOf(await readStack(project, signal), services)) {
        if (followed.has(task.id)) continue
        followed.add(task.id)
        // An interrupt ends every reader; the next pause reports it.
        void add(task).catch(() => followed.delete(task.id))
      }
    }
    const ready = lines.sort((a, b) => (a.time < b.time ? -1 : 1))
    lines = []
    yield* ready
    await sleep(ORDER_MS, undefined, {signal})
  }
}

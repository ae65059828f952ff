import type {ProgressUpdate} from '../../cli/progress/printer.js'
import type {DownEvent, DownPlan, DownReport} from '../../env/down.js'

/** What would be lost, for the question. */
export function downLoss({stack, volumes}: DownPlan): string {
  return `This deletes all data of ${stack.project}: ${volumes.join(', ')}`
}

export function downUpdate({state, services}: DownEvent): ProgressUpdate {
  return state === 'done'
    ? {task: 'stop', state: 'done', detail: 'done'}
    : {task: 'stop', state: 'running', detail: services === 1 ? '1 service' : `${services} services`}
}

export function downSummary(report: DownReport): string {
  const {unasked} = report
  const done = whatIsDone(report)
  return unasked
    ? `${done}\nDocker was not asked: ${unasked}. If it runs the stack, type this again when it answers.`
    : done
}

function whatIsDone({project, profile, stopped, deleted}: DownReport): string {
  if (stopped.length === 0 && deleted.length === 0) return `${project} was not running; nothing changed.`
  const services = `${project} is down.`
  return deleted.length > 0
    ? `${services} Its data is deleted: ${deleted.join(', ')}.`
    : `${services} Its data is kept; aquastream env:up --profile ${profile} starts it again.`
}

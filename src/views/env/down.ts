import type {ProgressUpdate} from '../../cli/progress/printer.js'
import {wrap} from '../../cli/terminal/wrap.js'
import type {DownEvent, DownPlan, DownReport} from '../../env/down.js'

/** Names the data that would be deleted, for the question that asks to confirm it. */
export function downLoss({project, volumes}: DownPlan): string {
  return `This deletes all data of project ${project}: ${volumes.join(', ')}`
}

/** Turns an event of `env:down` into a progress update. */
export function downUpdate({state, services}: DownEvent): ProgressUpdate {
  return state === 'done'
    ? {task: 'stop', state: 'done', detail: 'done'}
    : {task: 'stop', state: 'running', detail: services === 1 ? '1 service' : `${services} services`}
}

/**
 * Renders what was stopped and deleted, how to start it again, and whether Docker could not be queried.
 * @param flags the location flags, which the command repeats
 */
export function downSummary(report: DownReport, flags: string): string {
  const {dockerProblem} = report
  const sentences = [
    resultText(report, flags),
    ...(dockerProblem
      ? [
          `Docker could not be queried: ${dockerProblem}. If the stack runs on Docker, run this command again when Docker is available.`,
        ]
      : []),
  ]
  return sentences.map(sentence => wrap(sentence, 0, process.stdout)).join('\n')
}

function resultText({project, stopped, deleted}: DownReport, flags: string): string {
  if (stopped.length === 0 && deleted.length === 0)
    return `Project ${project} was not running; nothing was changed.`
  const result = `Project ${project} is stopped.`
  return deleted.length > 0
    ? `${result} Its data was deleted: ${deleted.join(', ')}.`
    : `${result} Its data is kept; aquastream env:up ${flags} starts it again.`
}

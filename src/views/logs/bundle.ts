import type {ProgressUpdate} from '../../cli/progress/printer.js'
import {count} from '../../cli/terminal/count.js'
import {wrap} from '../../cli/terminal/wrap.js'
import type {BundleEvent, BundleReport} from '../../support/bundle.js'
import {size} from '../../system/text/size.js'

/** What a bundle shows, in this order. */
export const BUNDLE_TASKS = [['collect'], ['check'], ['write']]

const STARTED = {collect: 'what is known of the stack', check: 'that no secret is left', write: 'the archive'}

export function bundleUpdate(event: BundleEvent): ProgressUpdate {
  if (event.state === 'running')
    return {task: event.step, state: 'running', detail: event.path, passing: true}
  return event.state === 'done'
    ? {task: event.step, state: 'done', detail: 'done'}
    : {task: event.step, state: 'running', detail: STARTED[event.step]}
}

/** The end of a bundle: where it is, what was masked, what is missing. */
export function bundleSummary({path, bytes, files, masked, missing}: BundleReport): string {
  const times = Object.values(masked).reduce((sum, number) => sum + number, 0)
  const names = Object.keys(masked).sort().join(', ')
  const sentences = [
    `${files.length} files, ${size(bytes)}; README.txt in it says what each is.`,
    times === 0 ? 'No secret was in them.' : `Masked ${count(times)} times: ${names}.`,
    ...missing.map(({what, why}) => `Missing: ${what}: ${why}.`),
    'Look through it before you send it: what your users wrote is still in the logs.',
  ]
  const wrapped = sentences.map(sentence => wrap(sentence, 0, process.stdout))
  return [...wrapped, '', `  ${path}`].join('\n')
}

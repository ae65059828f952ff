import type {ProgressUpdate} from '../../cli/progress/printer.js'
import {count} from '../../cli/terminal/count.js'
import {wrap} from '../../cli/terminal/wrap.js'
import type {BundleEvent, BundleReport} from '../../support/bundle.js'
import {size} from '../../system/text/size.js'

/** The tasks of a support bundle, in the order in which they run. */
export const BUNDLE_TASKS = [['collect'], ['check'], ['write']]

const STARTED = {
  collect: 'logs, states, versions, settings',
  check: 'searching the files for secrets',
  write: 'compressing the files',
}

/** Turns an event of `logs --bundle` into a progress update. */
export function bundleUpdate(event: BundleEvent): ProgressUpdate {
  if (event.state === 'running')
    return {task: event.step, state: 'running', detail: event.path, transient: true}
  return event.state === 'done'
    ? {task: event.step, state: 'done', detail: 'done'}
    : {task: event.step, state: 'running', detail: STARTED[event.step]}
}

/** Renders the path of a support bundle, the names of the masked secrets, and what could not be collected. */
export function bundleSummary({path, bytes, files, masked, missing}: BundleReport): string {
  const occurrences = Object.values(masked).reduce((sum, number) => sum + number, 0)
  const names = Object.keys(masked).sort().join(', ')
  const sentences = [
    `The support bundle has ${files.length} files (${size(bytes)}); its README.txt describes each of them.`,
    occurrences === 0
      ? 'No secrets were found.'
      : `Masked ${count(occurrences)} ${occurrences === 1 ? 'occurrence' : 'occurrences'} of secrets: ${names}.`,
    ...missing.map(({what, why}) => `Missing: ${what} (${why}).`),
    'Review the bundle before you share it: the logs still contain what your users wrote.',
  ]
  const wrapped = sentences.map(sentence => wrap(sentence, 0, process.stdout))
  return [...wrapped, '', `  ${path}`].join('\n')
}

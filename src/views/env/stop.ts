import {wrap} from '../../cli/terminal/wrap.js'
import type {StopReport} from '../../env/stop.js'

/**
 * Renders which services were stopped, which still need them, and how to start them again.
 * @param flags the location flags, which this command repeats
 */
export function stopSummary({stopped, unchanged, dependents}: StopReport, flags: string): string {
  const were = unchanged.length === 1 ? 'Was' : 'Were'
  const notRunning = `${were} not running: ${unchanged.join(', ')}.`
  if (stopped.length === 0) return wrap(`${notRunning} Nothing was changed.`, 0, process.stdout)
  const sentences = [
    `Stopped: ${stopped.join(', ')}.`,
    ...(unchanged.length > 0 ? [notRunning] : []),
    ...(dependents.length > 0
      ? [`Still running, but dependent on a stopped service: ${dependents.join(', ')}.`]
      : []),
    `To start again: aquastream env:restart ${stopped.join(' ')} ${flags}`,
  ]
  return sentences.map(sentence => wrap(sentence, 0, process.stdout)).join('\n')
}

import {wrap} from '../../cli/terminal/wrap.js'
import type {OffsiteInitReport} from '../../offsite/init.js'

/**
 * Renders whether the repository was created, and the next command.
 * @param flags the location flags, which the command repeats
 */
export function initSummary({repository, created}: OffsiteInitReport, flags: string): string {
  const sentences = created
    ? [
        `The off-site repository ${repository} was created.`,
        'Keep a copy of the settings file on another machine: without OFFSITE_PASSWORD, nobody can read the repository.',
      ]
    : [`The off-site repository ${repository} exists already, with this password.`]
  const wrapped = sentences.map(sentence => wrap(sentence, 0, process.stdout))
  return [...wrapped, '', `  aquastream offsite:push ${flags}`].join('\n')
}

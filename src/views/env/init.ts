import {wrap} from '../../cli/terminal/wrap.js'
import type {InitReport} from '../../env/init.js'
import {shellQuote} from '../../system/text/shell-quote.js'

/**
 * Renders what was written, which settings are missing, and the next commands.
 * @param flags the flags that make these commands read the file
 */
export function initSummary({profile, file, generated, missing, ignored}: InitReport, flags: string): string {
  const sentences = [
    `${file} was written; it is readable only by you (mode 0600).`,
    ...(generated.length > 0 ? [`Generated secrets: ${generated.join(', ')}.`] : []),
    ...(generated.includes('OFFSITE_PASSWORD')
      ? ['Keep a copy of this file on another machine: without it, nobody can read the off-site repository.']
      : []),
    ...(missing.length > 0
      ? [`Missing settings: ${missing.join(', ')}. ${profile} will not start without them.`]
      : []),
    ...(ignored === false
      ? [`Git does not ignore ${file}. Add it to .gitignore, so that its secrets are not committed.`]
      : []),
  ]
  const next = [
    ...(missing.length > 0 ? [`"\${EDITOR:-vi}" ${shellQuote(file)}`] : []),
    ...['env:config', 'env:up'].map(command => `aquastream ${command} ${flags}`),
  ]
  const wrapped = sentences.map(sentence => wrap(sentence, 0, process.stdout))
  return [...wrapped, '', ...next.map(command => `  ${command}`)].join('\n')
}

/** Asks whether to add the file to .gitignore. */
export function ignoreQuestion({file}: {file: string}): string {
  return `Git does not ignore ${file}. Add it to .gitignore?`
}

import {flagsFor, type InitReport} from '../../env/init.js'
import {wrap} from '../../cli/terminal/wrap.js'

/** Renders what was written, which settings are missing, and the next commands. */
export function initSummary({profile, file, generated, missing, ignored}: InitReport): string {
  const sentences = [
    `${file} was written; it is readable only by you (mode 0600).`,
    ...(generated.length > 0 ? [`Generated secrets: ${generated.join(', ')}.`] : []),
    ...(missing.length > 0
      ? [`Missing settings: ${missing.join(', ')}. ${profile} will not start without them.`]
      : []),
    ...(ignored === false
      ? [`Git does not ignore ${file}. Add it to .gitignore, so that its secrets are not committed.`]
      : []),
  ]
  const next = [
    ...(missing.length > 0 ? [`"\${EDITOR:-vi}" ${file}`] : []),
    ...['env:config', 'env:up'].map(command => `aquastream ${command} ${flagsFor(file, profile)}`),
  ]
  const wrapped = sentences.map(sentence => wrap(sentence, 0, process.stdout))
  return [...wrapped, '', ...next.map(command => `  ${command}`)].join('\n')
}

import {wrap} from '../../cli/terminal/wrap.js'
import type {InitReport} from '../../env/init.js'

/**
 * What was written, what is left to fill in, and what to type next.
 * @param flags that make other commands read the file
 */
export function initSummary({profile, file, generated, missing, ignored}: InitReport, flags: string): string {
  const sentences = [
    `${file} is written; nobody but you can read it.`,
    ...(generated.length > 0 ? [`Secrets in it that you need not know: ${generated.join(', ')}.`] : []),
    ...(missing.length > 0
      ? [`Still to fill in: ${missing.join(', ')}. ${profile} does not start without.`]
      : []),
    ...(ignored === false
      ? [`Git does not ignore ${file}: add it to .gitignore, or its secrets get into a commit.`]
      : []),
  ]
  const next = [
    ...(missing.length > 0 ? [`"\${EDITOR:-vi}" ${file}`] : []),
    ...['env:config', 'env:up'].map(command => `aquastream ${command} ${flags}`),
  ]
  const wrapped = sentences.map(sentence => wrap(sentence, 0, process.stdout))
  return [...wrapped, '', ...next.map(command => `  ${command}`)].join('\n')
}

/** Asked before a file with secrets is written where git would take it. */
export function ignoreQuestion({file}: {file: string}): string {
  return `Git does not ignore ${file}. Add it to .gitignore?`
}

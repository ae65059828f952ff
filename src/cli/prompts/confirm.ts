import {AquastreamError} from '../../errors.js'
import {canUpdateInPlace} from '../terminal/in-place.js'
import {wrap} from '../terminal/wrap.js'
import {askPlainly} from './plain.js'

/** Tells whether a person can answer a question. A CI job may have a terminal, but nobody answers there. */
export function canAsk(): boolean {
  return process.stdin.isTTY && process.stderr.isTTY && !process.env.CI
}

/**
 * Asks the user to type the name of what would be lost.
 * @param loss a sentence without a period, such as "This deletes all data of project aquastream-dev"
 * @throws refused: another answer, or nobody can be asked; interrupted, terminated
 */
export async function confirmByName(loss: string, name: string, signal: AbortSignal): Promise<void> {
  requireTerminal(loss)
  // The prompt breaks long lines inside words, so the sentence stands above it.
  process.stderr.write(`${wrap(`${loss}.`)}\n`)
  const typed = await unlessInterrupted(signal, askText(`Type "${name}" to continue:`, signal))
  if (typed.trim() === name) return
  throw new AquastreamError('refused', 'not confirmed; nothing was changed', {
    hint: `to confirm, type ${name} at the prompt, or add --yes`,
  })
}

/**
 * Asks whether to make a change that can be undone.
 * @param change a sentence without a period
 * @throws refused: the answer is no, or nobody can be asked; interrupted, terminated
 */
export async function confirmChange(change: string, signal: AbortSignal): Promise<void> {
  requireTerminal(change)
  process.stderr.write(`${wrap(`${change}.`)}\n`)
  if (await askYesNo('Continue?', signal)) return
  throw new AquastreamError('refused', 'not confirmed; nothing was changed', {hint: 'to confirm, add --yes'})
}

async function askText(message: string, signal: AbortSignal): Promise<string> {
  if (!canUpdateInPlace(process.stderr)) return askPlainly(message, {signal})
  const {default: input} = await import('@inquirer/input')
  return input({message}, {output: process.stderr, signal})
}

function requireTerminal(change: string): void {
  if (canAsk()) return
  throw new AquastreamError(
    'refused',
    `${change}; confirmation is required, but this run is not interactive`,
    {hint: 'to confirm, add --yes'},
  )
}

/**
 * Asks a yes-or-no question.
 * @throws interrupted, terminated
 */
export async function askYesNo(message: string, signal: AbortSignal): Promise<boolean> {
  if (!canUpdateInPlace(process.stderr)) {
    const answer = await unlessInterrupted(signal, askPlainly(`${message} (Y/n)`, {signal}))
    return /^(?:y|yes)?$/i.test(answer.trim())
  }
  const {default: confirm} = await import('@inquirer/confirm')
  return unlessInterrupted(signal, confirm({message}, {output: process.stderr, signal}))
}

/**
 * Returns the answer to a question. Before it, nothing has been changed.
 * @throws interrupted, terminated
 */
export async function unlessInterrupted<T>(signal: AbortSignal, question: Promise<T>): Promise<T> {
  try {
    return await question
  } catch (error) {
    const code = signal.reason instanceof AquastreamError ? signal.reason.code : 'interrupted'
    throw new AquastreamError(code, 'interrupted; nothing was changed', {
      hint: 'run the command again',
      cause: error,
    })
  }
}

import {AquastreamError} from '../../errors.js'

/** Whether somebody is here to answer; CI has terminals, and nobody at them. */
export function canAsk(): boolean {
  return process.stdin.isTTY && process.stderr.isTTY && !process.env.CI
}

/**
 * Asks somebody to type the name of what will be lost. Where nobody can answer, the answer is no.
 * @throws refused
 */
export async function confirmByName(what: string, name: string): Promise<void> {
  if (!canAsk()) {
    throw new AquastreamError('refused', `${what}, and nobody is here to confirm it`, {
      hint: 'add --yes if that is what you want',
    })
  }
  const {default: input} = await import('@inquirer/input')
  const typed = await input({message: `${what}. Type ${name} to go on:`}, {output: process.stderr}).catch(
    () => '',
  )
  if (typed.trim() === name) return
  throw new AquastreamError('refused', 'not confirmed, nothing was changed', {
    hint: `type ${name} at the question, or add --yes`,
  })
}

/**
 * Asks a question that yes or no answers.
 * @throws interrupted
 */
export async function askYesNo(message: string, signal: AbortSignal): Promise<boolean> {
  const {default: confirm} = await import('@inquirer/confirm')
  return unlessInterrupted(signal, confirm({message}, {output: process.stderr, signal}))
}

/** An answer, or that somebody ended the question: nothing was written until then. */
export async function unlessInterrupted<T>(signal: AbortSignal, question: Promise<T>): Promise<T> {
  try {
    return await question
  } catch (error) {
    signal.throwIfAborted()
    throw new AquastreamError('interrupted', 'interrupted; nothing was written', {
      hint: 'run the same command again',
      cause: error,
    })
  }
}

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

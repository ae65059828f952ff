import type {Setting} from '../../config/settings.js'
import type {InitPlan} from '../../env/init.js'
import {refuseValue} from '../../env/init-values.js'
import {AquastreamError} from '../../errors.js'
import {wrap} from '../terminal/wrap.js'

/**
 * Asks for the values that cannot be generated; secrets are not shown. An empty answer leaves a value unset.
 * @throws interrupted
 */
export async function askSettings(plan: InitPlan, signal: AbortSignal): Promise<Map<string, string>> {
  const answers = new Map<string, string>()
  if (plan.unknown.length === 0) return answers
  process.stderr.write(
    `${wrap('These values cannot be generated. Press Enter to skip one and fill it in later.')}\n`,
  )
  for (const setting of plan.unknown) {
    const answer = await unlessInterrupted(signal, askOne(setting, plan, signal))
    if (answer !== '') answers.set(setting.name, answer)
  }
  return answers
}

/**
 * Asks whether to add the file to .gitignore.
 * @throws interrupted
 */
export async function askToIgnore(file: string, signal: AbortSignal): Promise<boolean> {
  const {default: confirm} = await import('@inquirer/confirm')
  const message = `Git does not ignore ${file}. Add it to .gitignore?`
  return unlessInterrupted(signal, confirm({message}, {output: process.stderr, signal}))
}

async function askOne(setting: Setting, {profile}: InitPlan, signal: AbortSignal): Promise<string> {
  const question = {
    message: `${setting.name}, ${setting.about}:`,
    validate: (typed: string) => {
      const value = typed.trim()
      return value === '' || (refuseValue(setting, {value, source: 'the answer'}, profile)?.message ?? true)
    },
  }
  const context = {output: process.stderr, signal}
  const typed = setting.secret
    ? await (await import('@inquirer/password')).default({...question, mask: true}, context)
    : await (await import('@inquirer/input')).default(question, context)
  return typed.trim()
}

async function unlessInterrupted<T>(signal: AbortSignal, question: Promise<T>): Promise<T> {
  try {
    return await question
  } catch (error) {
    signal.throwIfAborted()
    throw new AquastreamError('interrupted', 'interrupted; nothing was written', {
      hint: 'run the command again',
      cause: error,
    })
  }
}

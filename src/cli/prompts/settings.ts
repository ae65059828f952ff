import {canUpdateInPlace} from '../terminal/in-place.js'
import {wrap} from '../terminal/wrap.js'
import {unlessInterrupted} from './confirm.js'
import {askPlainly} from './plain.js'

/** A question about a value that cannot be generated. */
export interface Question {
  name: string
  about: string
  /** The value is not shown while it is typed. */
  secret: boolean
  /** Returns why a value cannot be used, or undefined. */
  validate: (value: string) => string | undefined
}

/**
 * Asks one question after the other; secrets are not shown. An empty answer leaves a value unset.
 * @returns the answers by name
 * @throws interrupted, terminated
 */
export async function askSettings(questions: Question[], signal: AbortSignal): Promise<Map<string, string>> {
  const answers = new Map<string, string>()
  if (questions.length === 0) return answers
  process.stderr.write(
    `${wrap('These values cannot be generated. Press Enter to skip one and fill it in later.')}\n`,
  )
  for (const question of questions) {
    const answer = await unlessInterrupted(signal, askOne(question, signal))
    if (answer !== '') answers.set(question.name, answer)
  }
  return answers
}

async function askOne(question: Question, signal: AbortSignal): Promise<string> {
  const {name, about, secret, validate} = question
  const prompt = {
    message: `${name}, ${about}:`,
    validate: (typed: string) => typed.trim() === '' || (validate(typed.trim()) ?? true),
  }
  if (!canUpdateInPlace(process.stderr)) {
    const typed = await askPlainly(prompt.message, {secret, signal})
    const verdict = prompt.validate(typed)
    if (verdict === true) return typed.trim()
    process.stderr.write(`${wrap(`> ${verdict}`)}\n`)
    return askOne(question, signal)
  }
  const context = {output: process.stderr, signal}
  const typed = secret
    ? await (await import('@inquirer/password')).default({...prompt, mask: true}, context)
    : await (await import('@inquirer/input')).default(prompt, context)
  return typed.trim()
}

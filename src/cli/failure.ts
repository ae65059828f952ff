import {Errors} from '@oclif/core'
import {chalkStderr} from 'chalk'
import {AquastreamError, type Evidence, type ExitStatus, type Problem} from '../errors.js'
import {wrap} from './terminal/wrap.js'

interface Failure {
  code: string
  exitCode: ExitStatus
  message: string
  hint: string
  problems?: Problem[]
  evidence?: Evidence[]
}

/**
 * Says what failed: one sentence, then what to type; under --json the same as one object on stdout, and
 * nothing else there.
 * @returns the exit status
 */
export function writeFailure(error: unknown, json: boolean): ExitStatus {
  const failure = explain(error)
  if (failure === undefined) return 0
  if (failure.code === 'bug' && error instanceof Error) process.stderr.write(`${error.stack}\n`)
  if (json) process.stdout.write(`${JSON.stringify({error: failure}, null, 2)}\n`)
  else process.stderr.write(toText(failure))
  return failure.exitCode
}

/** Says what is wrong with a result that is an answer all the same. */
export function writeProblem({message, hint}: Problem): void {
  process.stderr.write(`${sentence(message)}\n${advice(hint)}\n`)
}

function explain(error: unknown): Failure | undefined {
  if (error instanceof AquastreamError) return explainExpected(error)
  if (error instanceof Errors.ExitError && error.oclif.exit === 0) return undefined
  return {
    code: 'bug',
    exitCode: 1,
    message: `aquastream has a bug: ${error instanceof Error ? error.message : String(error)}`,
    hint: 'please report it with the lines above and the command that you typed',
  }
}

function explainExpected({code, exitCode, message, hint, problems, evidence}: AquastreamError): Failure {
  return {
    code,
    exitCode,
    message,
    hint,
    ...(problems.length > 1 && {problems}),
    ...(evidence.length > 0 && {evidence}),
  }
}

function toText({message, hint, problems, evidence}: Failure): string {
  const {dim} = chalkStderr
  const lines = [
    ...(evidence ?? []).flatMap(({title, lines: said}) => [
      dim(`${title}:`),
      ...said.map(line => dim(`  | ${line}`)),
    ]),
    sentence(message),
    ...(problems ?? []).flatMap(problem => [wrap(`- ${problem.message}`, 2), advice(problem.hint, 4)]),
    advice(hint),
  ]
  return `${lines.join('\n')}\n`
}

function sentence(message: string): string {
  return wrap(`${chalkStderr.red('error:')} ${message}`)
}

function advice(hint: string, indent = 0): string {
  return wrap(`${chalkStderr.bold('hint:')} ${hint}`, indent)
}

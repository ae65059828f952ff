import {Errors} from '@oclif/core'
import {chalkStderr} from 'chalk'
import {AquastreamError, type Evidence, type ExitStatus, type Problem} from '../errors.js'
import {coloredOnly, visible} from './terminal/printable.js'
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
 * Writes an error with its hint to stderr; with --json, writes one object to stdout and nothing else.
 * @returns the exit status
 */
export function writeFailure(error: unknown, json: boolean): ExitStatus {
  const failure = explain(error)
  if (failure === undefined) return 0
  if (failure.code === 'bug' && error instanceof Error)
    process.stderr.write(`${visible(String(error.stack))}\n`)
  if (json) process.stdout.write(`${JSON.stringify({error: failure}, null, 2)}\n`)
  else process.stderr.write(toText(failure))
  return failure.exitCode
}

/** Writes a problem of a result to stderr; the result itself is on stdout. */
export function writeProblem({message, hint}: Problem): void {
  process.stderr.write(`${errorLine(message)}\n${hintLine(hint)}\n`)
}

/** Writes a warning to stderr. */
export function writeWarning(text: string): void {
  process.stderr.write(`${wrap(`${chalkStderr.yellow('warning:')} ${visible(text)}`)}\n`)
}

function explain(error: unknown): Failure | undefined {
  if (error instanceof AquastreamError) return explainExpected(error)
  if (error instanceof Errors.ExitError && error.oclif.exit === 0) return undefined
  return {
    code: 'bug',
    exitCode: 1,
    message: `this is a bug in aquastream: ${error instanceof Error ? error.message : String(error)}`,
    // npm finds the issue tracker in the metadata of the published package.
    hint: 'report it in the issue tracker (npm bugs aquastream), with the lines above and the command that you ran',
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
  const shown = process.stderr.isTTY ? coloredOnly : (line: string) => line
  const lines = [
    ...(evidence ?? []).flatMap(({title, lines: output}) => [
      dim(`${title}:`),
      ...output.map(line => dim(`  | ${shown(line)}`)),
    ]),
    errorLine(message),
    ...(problems ?? []).flatMap(problem => [
      wrap(`- ${visible(problem.message)}`, 2),
      hintLine(problem.hint, 4),
    ]),
    hintLine(hint),
  ]
  return `${lines.join('\n')}\n`
}

function errorLine(message: string): string {
  return wrap(`${chalkStderr.red('error:')} ${visible(message)}`)
}

function hintLine(hint: string, indent = 0): string {
  return wrap(`${chalkStderr.bold('hint:')} ${visible(hint)}`, indent)
}

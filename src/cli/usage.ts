import {type Config, Errors} from '@oclif/core'
import {closest} from 'fastest-levenshtein'
import {AquastreamError} from '../errors.js'

/**
 * oclif's own errors are about what was typed, and become ours; every other error stays what it is. Its
 * parser keeps all of argv in its errors, which must not get out: a secret may be among it.
 */
export function findFault(error: unknown, argv: string[], config: Config): unknown {
  if (!(error instanceof Errors.CLIError) || error instanceof Errors.ExitError) return error
  const command = config.findCommand(argv[0] ?? '')
  return command ? wrongArguments(error, command.id) : unknownCommand(argv[0] ?? '', config)
}

function wrongArguments(error: Error, command: string): AquastreamError {
  const lines = error.message.split('\n').filter(line => line && !line.startsWith('See more help'))
  return new AquastreamError('usage', lines.join(' '), {hint: `see aquastream ${command} --help`})
}

function unknownCommand(typed: string, {commandIDs}: Config): AquastreamError {
  return new AquastreamError('usage', `there is no command ${typed}`, {
    hint: `did you mean aquastream ${closest(typed, commandIDs)}? aquastream --help lists all`,
  })
}
